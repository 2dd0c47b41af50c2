import { z } from "zod";
import { environments, faultFormats } from "../../policy/policy.js";
import { tierSetNames } from "../tier-sets.js";
import { api } from "./api.js";
import { application, identitySource } from "./application.js";
import { limits, tier, timeZone } from "./limit.js";
import { models } from "./model.js";
import { store } from "./store.js";
import { apiRef, given, ipRange, label, shadow, tierName } from "./text.js";
import { upstream } from "./upstream.js";

/**
 * The shape of a policy file. What it describes is checked for sense in `checks`; the JSON Schema for editors is
 * generated from this one source, descriptions included.
 */

const denyRule = z
  .strictObject({
    ip: ipRange.optional(),
    invert: z.boolean().optional().describe("true: denies every address but those of `ip`."),
    api: apiRef.optional(),
    application: label.optional(),
    user: label.optional(),
    environment: z.enum(environments).optional(),
  })
  .refine(
    ({ ip, api, application, user, environment }) => given(ip, api, application, user, environment) > 0,
    {
      error: "would deny everything: give at least one of ip, api, application, user, environment",
    },
  )
  .refine(({ ip, invert }) => invert === undefined || ip !== undefined, {
    error: "has invert without ip: nothing would be inverted",
  });

const customRule = z.strictObject({
  name: label,
  key: z.string().describe("What is counted together: a template such as {user}:{api}."),
  limits,
});

const headers = z.strictObject({
  xRateLimit: z
    .boolean()
    .optional()
    .describe("X-RateLimit-Limit, -Remaining, -Reset of the limit with the least left; true by default."),
  rateLimit: z
    .boolean()
    .optional()
    .describe("The IETF's RateLimit and RateLimit-Policy of all matching limits; false by default."),
  aiTokens: z
    .boolean()
    .optional()
    .describe("x-ratelimit-limit-tokens and its like on AI routes, as OpenAI sends them; true by default."),
});

const answer = z.enum(["allow", "deny"]);

const gateway = z
  .strictObject({
    limits: limits.optional().describe("Limits everything through this gateway."),
    backends: z
      .strictObject({ production: upstream.optional(), sandbox: upstream.optional() })
      .refine((entry) => environments.some((name) => entry[name]), { error: "names no environment" })
      .optional()
      .describe("Where requests go whose API names no url, or that match no API."),
  })
  .refine(({ limits, backends }) => given(limits, backends) > 0, {
    error: "says nothing: give limits or backends",
  });

export const policyFile = z.strictObject({
  version: z.literal(1),
  include: z.enum(tierSetNames).optional().describe("Tiers to start from; `tiers` may overwrite them."),
  timeZone: timeZone.optional().describe("Where days, weeks, months and years begin; UTC by default."),
  shadow: shadow.optional(),
  gateway: gateway.optional().describe("What concerns everything through this gateway."),
  tiers: z.record(label, tier).optional(),
  apis: z.array(api).optional(),
  applications: z.array(application).optional(),
  models: models
    .optional()
    .describe(
      "What tokens cost and weigh, by the model's name or a pattern such as gpt-4*; the most specific match counts.",
    ),
  unknownModel: z
    .enum(["default", "deny"])
    .optional()
    .describe("deny: requests for models that match nothing under `models` are refused."),
  identity: z
    .array(identitySource)
    .optional()
    .describe("Tried in order; what none of them proves is anonymous."),
  trustedProxies: z
    .int()
    .min(0, "must be 0 or more")
    .max(16, "must be at most 16")
    .optional()
    .describe(
      "Proxies before Envoy whose X-Forwarded-For is believed; 0 by default. Takes use_remote_address: true.",
    ),
  deny: z.array(denyRule).optional().describe("Requests that meet every condition of a rule are refused."),
  custom: z.array(customRule).optional(),
  unmatched: answer.optional().describe("What becomes of a request that no API matches; allow by default."),
  anonymous: answer.optional().describe("What becomes of a request without credentials; allow by default."),
  onUnavailable: answer
    .optional()
    .describe("What Envoy does with requests while weir does not answer: deny (default, with 503) or allow."),
  anonymousTier: tierName
    .optional()
    .describe("For all requests without credentials to one API together, in place of a subscription's."),
  faults: z
    .strictObject({
      format: z.enum(faultFormats).optional(),
      ai: z
        .enum(["same", "provider"])
        .optional()
        .describe("provider: AI APIs answer as their provider does, so that its SDKs back off."),
      backendStatus: z
        .union([z.literal(429), z.literal(503)], { error: "must be 429 or 503" })
        .optional()
        .describe("The status of a backend maximum; 503 by default, as WSO2's."),
    })
    .optional(),
  headers: headers.optional().describe("What tells clients where they stand."),
  store: store.optional().describe("Where the counters are; in memory by default. Taken at the start alone."),
});

/** A policy file as written, its shape valid. */
export type PolicyFile = z.infer<typeof policyFile>;

/** The JSON Schema (draft 2020-12) of a policy file. */
export function policyJsonSchema(): Record<string, unknown> {
  return { title: "weir policy", ...z.toJSONSchema(policyFile) };
}
