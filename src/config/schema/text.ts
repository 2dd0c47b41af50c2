import { z } from "zod";
import { parseIpRange } from "../../policy/ip-range.js";

/** The kinds of text that stand in many places of a policy file. */

export const identifier = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._~-]*$/,
    "must be letters, digits and any of . _ ~ -, without spaces or slashes",
  );

export const label = z
  .string()
  .regex(/^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u, "must not be empty or have control characters");

/** No `.min(1)`: zod looks at the `length` of whatever stands there, and trips over a mapping that has one. */
export const someText = z
  .string()
  .refine((text) => text !== "", { error: "must not be empty" })
  .meta({ minLength: 1 });

export const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, "must be the name of an HTTP header");

/** Visible characters, blanks and tabs (RFC 9110 section 5.5): nothing that could end the header. */
export const headerValue = z
  .string()
  .regex(/^[!-~](?:[\t -~]*[!-~])?$/, "must be visible ASCII characters, with blanks only between them");

export const tierName = label.describe("A tier under `tiers`, or Unlimited.");

/** Names of models are ASCII in practice, which is all that has upper and lower case without surprises. */
export const modelText = z
  .string()
  .regex(
    /^[!-~](?:[ -~]*[!-~])?$/,
    "must be the name of a model, or a pattern such as gpt-4*: visible ASCII characters",
  );

export const apiRef = z.string().describe("An API as name/version.");

export const ipRange = z.string().refine((text) => parseIpRange(text) !== null, {
  error: "must be an IP address, a CIDR block or a range such as 203.0.113.5-203.0.113.9",
});

export const shadow = z
  .boolean()
  .describe("true: count and report what would be denied, and let it through.");

/** How many of `values` are there. */
export function given(...values: readonly unknown[]): number {
  return values.filter((value) => value !== undefined).length;
}

/** A list that is not empty. Not `.min(1)`, which stumbles over a mapping that has a `length`. */
export function listOf<T extends z.ZodType>(item: T, whenEmpty: string) {
  return z
    .array(item)
    .refine((list) => list.length > 0, { error: whenEmpty })
    .meta({ minItems: 1 });
}
