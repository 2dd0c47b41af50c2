import { z } from "zod";
import { apiKeyHashPattern } from "../identity/api-key.js";
import { parseIpRange } from "../policy/deny-rule.js";
import { units } from "../policy/limit.js";
import { aiProviders, environments, faultFormats } from "../policy/policy.js";
import { parseOperation } from "../policy/resource-tree.js";
import { parseWindow, periods } from "../policy/window.js";

/**
 * The shape of a policy file. What it describes is checked for sense in `checks.ts`; the JSON Schema for editors
 * is generated from this one source, descriptions included.
 */

const MAX_AMOUNT = 1_000_000_000_000;
const amount = (what: string) =>
  z
    .int({ error: (issue) => (typeof issue.input === "number" ? "must be a whole number" : undefined) })
    .min(1, "must be 1 or more; leave a limit out to have none")
    .max(MAX_AMOUNT, `must be at most ${MAX_AMOUNT}`)
    .describe(what);

const identifier = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._~-]*$/,
    "must be letters, digits and any of . _ ~ -, without spaces or slashes",
  );
const label = z
  .string()
  .regex(/^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u, "must not be empty or have control characters");
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "must be the name of an HTTP header");
const tierName = label.describe("A tier under `tiers`, or Unlimited.");
const apiRef = z.string().describe("An API as name/version.");

const limit = z
  .strictObject({
    requests: amount("Requests per window.").optional(),
    totalTokens: amount("Prompt and completion tokens per window; AI APIs only.").optional(),
    promptTokens: amount("Prompt tokens per window, cached ones included; AI APIs only.").optional(),
    completionTokens: amount("Completion tokens per window, reasoning included; AI APIs only.").optional(),
    per: z
      .string()
      .refine((text) => parseWindow(text) !== null, {
        error: `must be one of ${periods.join(", ")}, or a count of them such as "15 minutes"`,
      })
      .describe("The window, aligned to the calendar in UTC: `minute`, `15 minutes`, `month`."),
  })
  .refine((entry) => units.some((unit) => entry[unit] !== undefined), {
    error: `limits nothing: give at least one of ${units.join(", ")}`,
  });

const limits = z.array(limit).min(1, "is empty: leave it out to limit nothing");

const tier = z
  .strictObject({
    limits: limits.optional(),
    burst: limit.optional().describe("A second limit over a short window, reported as burst."),
  })
  .refine((entry) => entry.limits ?? entry.burst, { error: "limits nothing: give limits or burst" });

const resource = z.strictObject({
  match: z
    .string()
    .refine((text) => parseOperation(text) !== null, {
      error: 'must be METHOD /path, such as "GET /items/{id}", "* /reports/*"',
    })
    .describe("Method (or *) and path template behind the API's prefix. The most specific match wins."),
  tier: tierName.optional(),
  limits: limits.optional(),
});

const backend = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).optional(),
  limits: limits.optional().describe("The most that the backend may get, from all callers together."),
});

const api = z.strictObject({
  name: identifier,
  version: identifier,
  match: z.strictObject({
    hosts: z
      .array(
        z
          .string()
          .regex(
            /^(\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])$/,
            'must be a host name without port, "*.example.com" or "*"',
          ),
      )
      .min(1, "is empty: leave it out to match every host")
      .optional(),
    pathPrefix: z
      .string()
      .regex(/^\/[^\s?#%\\]*$/, "must be a path that starts with / and has no query or escapes")
      .describe("Matched by whole segments: /orders matches /orders/1, not /ordersX."),
  }),
  tier: tierName.optional().describe("Limits all callers of the API together."),
  limits: limits.optional(),
  resources: z.array(resource).optional(),
  backends: z
    .strictObject({ production: backend.optional(), sandbox: backend.optional() })
    .refine((entry) => environments.some((name) => entry[name]), { error: "names no environment" })
    .optional(),
  ai: z
    .strictObject({
      provider: z.enum(aiProviders).describe("Whose wire format the responses have."),
      admission: z
        .enum(["charge-after", "reserve"])
        .optional()
        .describe("When tokens are charged; charge-after by default. reserve is not built yet."),
    })
    .optional()
    .describe("Makes it an AI API, whose responses are read for the tokens that they used."),
});

const credential = z
  .strictObject({
    apiKey: z
      .string()
      .regex(
        apiKeyHashPattern,
        'must be "sha256:" and 64 hex digits: keys themselves do not belong into the file',
      )
      .optional()
      .describe("The SHA-256 of the key, in hex behind `sha256:`."),
    clientId: label.optional().describe("The client that a verified token was issued to."),
    environment: z.enum(environments).optional(),
    user: label.optional().describe("The user that it stands for; the application itself by default."),
  })
  .refine((entry) => (entry.apiKey === undefined) !== (entry.clientId === undefined), {
    error: "must have either apiKey or clientId",
  });

const application = z.strictObject({
  name: label,
  tier: tierName.optional().describe("Counted for each user of the application, over all APIs."),
  limits: limits.optional(),
  subscriptions: z.record(apiRef, tierName).optional().describe("The APIs it may call, each with its tier."),
  credentials: z.array(credential).optional(),
});

const identitySource = z
  .strictObject({
    apiKey: z.strictObject({ header: headerName }).optional(),
    jwt: z
      .strictObject({
        metadata: z
          .array(z.string())
          .min(1, "is empty: give the namespace and the keys to the payload")
          .describe("Namespace and keys of the metadata where jwt_authn puts the verified payload."),
        application: z.string().optional().describe("The claim that holds the client id; azp by default."),
        user: z.string().optional().describe("The claim that holds the user; sub by default."),
        environment: z
          .string()
          .optional()
          .describe("The claim that holds the environment; keytype by default."),
      })
      .optional(),
    trusted: z
      .strictObject({
        application: headerName.describe("The header that holds the application's name."),
        user: headerName.optional(),
        environment: headerName.optional(),
      })
      .optional()
      .describe("Headers that an earlier filter sets, and that Envoy strips from what clients send."),
  })
  .refine((entry) => [entry.apiKey, entry.jwt, entry.trusted].filter(Boolean).length === 1, {
    error: "must have exactly one of apiKey, jwt, trusted",
  });

const denyRule = z
  .strictObject({
    ip: z
      .string()
      .refine((text) => parseIpRange(text) !== null, { error: "must be an IP address or a CIDR block" })
      .optional(),
    api: apiRef.optional(),
    application: label.optional(),
    user: label.optional(),
  })
  .refine((entry) => Object.values(entry).some((value) => value !== undefined), {
    error: "would deny everything: give at least one of ip, api, application, user",
  });

const customRule = z.strictObject({
  name: label,
  key: z.string().describe("What is counted together: a template such as {user}:{api}."),
  limits,
});

const answer = z.enum(["allow", "deny"]);

export const policyFile = z.strictObject({
  version: z.literal(1),
  gateway: z.strictObject({ limits }).optional().describe("Limits everything through this gateway."),
  tiers: z.record(label, tier).optional(),
  apis: z.array(api).optional(),
  applications: z.array(application).optional(),
  identity: z
    .array(identitySource)
    .optional()
    .describe("Tried in order; what none of them proves is anonymous."),
  deny: z.array(denyRule).optional().describe("Requests that meet every condition of a rule are refused."),
  custom: z.array(customRule).optional(),
  unmatched: answer.optional().describe("What becomes of a request that no API matches; allow by default."),
  anonymous: answer.optional().describe("What becomes of a request without credentials; allow by default."),
  faults: z.strictObject({ format: z.enum(faultFormats) }).optional(),
  store: z
    .strictObject({
      kind: z.enum(["memory"]),
      maxCounters: z
        .int()
        .min(1000, "must be 1000 or more")
        .optional()
        .describe("Counters held at the most; 1000000 by default. Taken at the start alone."),
    })
    .optional(),
});

/** A policy file as written, its shape valid. */
export type PolicyFile = z.infer<typeof policyFile>;
export type LimitEntry = z.infer<typeof limit>;
export type TierEntry = z.infer<typeof tier>;
export type ApiEntry = z.infer<typeof api>;
export type ApplicationEntry = z.infer<typeof application>;

/** The JSON Schema (draft 2020-12) of a policy file. */
export function policyJsonSchema(): Record<string, unknown> {
  return { title: "weir policy", ...z.toJSONSchema(policyFile) };
}
