import { z } from "zod";
import { environments, faultFormats } from "../../policy/policy.js";
import { parseOperation } from "../../policy/resource-tree.js";
import { ai } from "./ai.js";
import { limits } from "./limit.js";
import { headerName, headerValue, identifier, listOf, shadow, tierName } from "./text.js";
import { upstream } from "./upstream.js";

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
  ...upstream.shape,
  url: upstream.shape.url.optional(),
  limits: limits.optional().describe("The most that the backend may get, from all callers together."),
});

/** What stands in a header twice, or ends a message early, when a policy sets it too. */
const reserved =
  /^(content-.*|grpc-.*|x-ratelimit-.*|ratelimit.*|retry-after|connection|keep-alive|transfer-encoding|trailer|te|upgrade)$/i;

const faults = z.strictObject({
  format: z.enum(faultFormats).optional(),
  status: z
    .int()
    .min(400, "must be 400 to 599")
    .max(599, "must be 400 to 599")
    .optional()
    .describe("The status of every throttled request."),
  headers: z
    .record(
      headerName.refine((name) => !reserved.test(name), {
        error:
          "is set by weir or Envoy: content-*, grpc-*, retry-after, x-ratelimit-* and what concerns the connection",
      }),
      headerValue,
    )
    .refine(
      (headers) =>
        new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length,
      {
        error: "names a header twice: upper and lower case are the same",
      },
    )
    .optional()
    .describe("Sent with every denial."),
  body: z
    .strictObject({
      contentType: headerValue.describe("The body's media type."),
      template: z
        .string()
        .describe("Text in which {code}, {message}, {description} and {retryAfterSeconds} are filled in."),
    })
    .optional()
    .describe("The body of every denial."),
});

const host = z
  .string()
  .regex(
    /^(\*|(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])$/,
    'must be a host name without port, "*.example.com" or "*"',
  );

export const api = z.strictObject({
  name: identifier,
  version: identifier,
  match: z.strictObject({
    hosts: listOf(host, "is empty: leave it out to match every host").optional(),
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
  ai: ai.optional(),
  shadow: shadow.optional(),
  faults: faults.optional().describe("What this API answers with, in place of what `faults` says."),
});

export type ApiEntry = z.infer<typeof api>;
export type FaultsEntry = z.infer<typeof faults>;
