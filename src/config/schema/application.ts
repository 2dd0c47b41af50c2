import { z } from "zod";
import { apiKeyHashPattern } from "../../identity/api-key.js";
import { environments } from "../../policy/policy.js";
import { limits } from "./limit.js";
import { apiRef, given, headerName, label, listOf, tierName } from "./text.js";

const credential = z
  .strictObject({
    apiKey: z
      .string()
      .regex(
        apiKeyHashPattern,
        'must be "sha256:" and 64 hex digits: keys themselves do not belong into the file',
      )
      .optional()
      .describe("The SHA-256 of the key, in hex behind `sha256:`; `weir hash-key` makes it."),
    clientId: label.optional().describe("The client that a verified token was issued to."),
    principal: label.optional().describe("The URI, DNS name or subject of a verified client certificate."),
    environment: z.enum(environments).optional(),
    user: label.optional().describe("The user that it stands for; the application itself by default."),
  })
  .refine(({ apiKey, clientId, principal }) => given(apiKey, clientId, principal) === 1, {
    error: "must have exactly one of apiKey, clientId, principal",
  });

export const application = z.strictObject({
  name: label,
  tier: tierName.optional().describe("Counted for each user of the application, over all APIs."),
  limits: limits.optional(),
  subscriptions: z.record(apiRef, tierName).optional().describe("The APIs it may call, each with its tier."),
  credentials: z.array(credential).optional(),
});

const claim = z.string().min(1, "must not be empty");

export const identitySource = z
  .strictObject({
    apiKey: z
      .strictObject({
        header: headerName.optional(),
        query: z.string().min(1, "must not be empty").optional().describe("The name of a query parameter."),
        cookie: z.string().min(1, "must not be empty").optional().describe("The name of a cookie."),
      })
      .refine(({ header, query, cookie }) => given(header, query, cookie) === 1, {
        error: "must have exactly one of header, query, cookie",
      })
      .optional()
      .describe("Where a request has its API key."),
    jwt: z
      .strictObject({
        metadata: listOf(z.string(), "is empty: give the namespace and the keys to the payload").describe(
          "Namespace and keys of the metadata where jwt_authn puts the verified payload.",
        ),
        application: claim.optional().describe("The claim that holds the client id; azp by default."),
        user: claim.optional().describe("The claim that holds the user; sub by default."),
        environment: claim.optional().describe("The claim that holds the environment; keytype by default."),
      })
      .optional(),
    mtls: z.strictObject({}).optional().describe("The certificate that the client proved to Envoy."),
    trusted: z
      .strictObject({
        application: headerName.describe("The header that holds the application's name."),
        user: headerName.optional(),
        environment: headerName.optional(),
      })
      .optional()
      .describe("Headers that an earlier filter sets, and that Envoy strips from what clients send."),
  })
  .refine(({ apiKey, jwt, mtls, trusted }) => given(apiKey, jwt, mtls, trusted) === 1, {
    error: "must have exactly one of apiKey, jwt, mtls, trusted",
  });

export type ApplicationEntry = z.infer<typeof application>;
