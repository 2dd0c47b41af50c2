import { z } from "zod";
import { apiKeyHashPattern } from "../../identity/api-key.js";
import { environments } from "../../policy/policy.js";
import { limits } from "./limit.js";
import { apiRef, given, headerName, label, listOf, someText, tierName } from "./text.js";

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

/** Where Envoy's jwt_authn puts the verified payload unless a policy says otherwise. */
export const DEFAULT_CLAIMS = ["envoy.filters.http.jwt_authn", "payload"] as const;

const claim = someText;

const jwks = z
  .strictObject(
    {
      url: z
        .url({ protocol: /^https?$/, error: "must be an http or https URL" })
        .optional()
        .describe("Where Envoy fetches them."),
      file: someText.optional().describe("A file that Envoy can read."),
    },
    { error: "must be { url: … } or { file: … }" },
  )
  .refine(({ url, file }) => given(url, file) === 1, { error: "must have exactly one of url, file" })
  .describe("The keys that tokens are signed with.");

export const identitySource = z
  .strictObject({
    apiKey: z
      .strictObject({
        header: headerName.optional(),
        query: someText.optional().describe("The name of a query parameter."),
        cookie: someText.optional().describe("The name of a cookie."),
      })
      .refine(({ header, query, cookie }) => given(header, query, cookie) === 1, {
        error: "must have exactly one of header, query, cookie",
      })
      .optional()
      .describe("Where a request has its API key."),
    jwt: z
      .strictObject({
        issuer: claim.optional().describe("Who issues the tokens: `weir envoy` has Envoy verify them."),
        audiences: listOf(claim, "is empty: leave it out to take tokens for any audience")
          .optional()
          .describe("Whom tokens have to be for, one of these at least."),
        jwks: jwks.optional(),
        metadata: listOf(z.string(), "is empty: give the namespace and the keys to the payload")
          .optional()
          .describe(
            "Namespace and keys of the metadata where jwt_authn puts the verified payload; envoy.filters.http.jwt_authn and payload by default.",
          ),
        application: claim.optional().describe("The claim that holds the client id; azp by default."),
        user: claim.optional().describe("The claim that holds the user; sub by default."),
        environment: claim.optional().describe("The claim that holds the environment; keytype by default."),
      })
      .refine(({ issuer, jwks }) => given(issuer, jwks) !== 1, {
        error: "must have issuer and jwks together, or neither where another filter verifies tokens",
      })
      .refine(({ issuer, audiences }) => audiences === undefined || issuer !== undefined, {
        error: "has audiences without issuer: nothing would check them",
      })
      .refine(({ issuer, metadata }) => issuer === undefined || isWritable(metadata), {
        error: "has an issuer, so metadata must be envoy.filters.http.jwt_authn and one key",
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

/** Where the jwt_authn filter that `weir envoy` makes can put a payload. */
function isWritable(metadata: readonly string[] | undefined): boolean {
  return metadata === undefined || (metadata.length === 2 && metadata[0] === DEFAULT_CLAIMS[0]);
}
