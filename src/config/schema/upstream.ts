import { z } from "zod";

/** Where Envoy sends requests: what `weir envoy` makes clusters of. */
export const upstream = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .refine(isPlain, { error: "must have no user, query, fragment, space or backslash" })
    .describe(
      "Where Envoy sends requests. A path in it, and be it /, takes the place of the API's prefix; without one the request's path stays.",
    ),
  timeoutMs: z
    .int()
    .min(0, "must be 0 to 86400000")
    .max(86_400_000, "must be 0 to 86400000")
    .optional()
    .describe(
      "Milliseconds until the end of an answer, after which Envoy gives up with 504; 15000 by default. 0: as long as it takes, the default of AI APIs.",
    ),
  http2: z.boolean().optional().describe("true: the backend speaks HTTP/2, as gRPC needs it."),
});

/** Of what is a URL at all. */
function isPlain(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const { username, password } = new URL(text);
  return username + password === "" && !/[?#\\\s]/.test(text);
}

export type UpstreamEntry = z.infer<typeof upstream>;
