import { z } from "zod";
import { calendarOf } from "../../policy/calendar.js";
import { units } from "../../policy/limit.js";
import { parseWindow, periods } from "../../policy/window.js";
import { readBytes } from "../bytes.js";
import { decimal } from "./decimal.js";
import { given, headerName, ipRange, label, listOf, modelText, shadow, someText } from "./text.js";

const MAX_AMOUNT = 1_000_000_000_000;
const amount = (what: string) =>
  z
    .int({ error: (issue) => (typeof issue.input === "number" ? "must be a whole number" : undefined) })
    .min(1, "must be 1 or more; leave a limit out to have none")
    .max(MAX_AMOUNT, `must be at most ${MAX_AMOUNT}`)
    .describe(what);

const MAX_SPEND = 1_000_000_000;

const MAX_BYTES = 10 ** 15 - 1;
const BYTES = "must be a whole number of bytes above 0 and below 10^15, or text such as 10 MB";

export const timeZone = z
  .string()
  .refine((name) => calendarOf(name) !== null, { error: "must be an IANA time zone, such as Europe/Berlin" });

export const limit = z
  .strictObject({
    requests: amount("Requests per window.").optional(),
    bytes: z
      .union([z.number(), z.string()], { error: BYTES })
      .refine((value) => isBytes(readBytes(value)), { error: BYTES })
      .optional()
      .describe("Bytes of request and response bodies per window: a number, or text such as 10 MB."),
    totalTokens: amount("Prompt and completion tokens per window; AI APIs only.").optional(),
    promptTokens: amount("Prompt tokens per window, cached ones included; AI APIs only.").optional(),
    completionTokens: amount("Completion tokens per window, reasoning included; AI APIs only.").optional(),
    spend: decimal(
      z
        .number()
        .gt(0, "must be above 0; leave a limit out to have none")
        .max(MAX_SPEND, `must be at most ${MAX_SPEND}`),
    )
      .optional()
      .describe("Money per window, in the currency of the prices under `models`; up to 6 decimals."),
    model: modelText
      .optional()
      .describe("Counts requests for this model alone; `gpt-4*` for all whose names begin so."),
    per: z
      .string()
      .refine((text) => parseWindow(text) !== null, {
        error: `must be one of ${periods.join(", ")}, or a count of them such as "15 minutes"`,
      })
      .describe("How long it counts: `minute`, `15 minutes`, `month`."),
    window: z
      .enum(["fixed", "sliding"])
      .optional()
      .describe("fixed: aligned to the calendar (default). sliding: never more in any interval so long."),
    timeZone: timeZone.optional().describe("Where its days, weeks, months and years begin."),
    shadow: shadow.optional(),
  })
  .refine((entry) => units.some((unit) => entry[unit] !== undefined), {
    error: `limits nothing: give at least one of ${units.join(", ")}`,
  });

export const limits = listOf(limit, "is empty: leave it out to limit nothing");

const pattern = z.string().refine(isPattern, { error: "must be a regular expression" });

const condition = z
  .strictObject({
    ip: ipRange.optional(),
    header: headerName.optional(),
    query: someText.optional().describe("The name of a query parameter."),
    claim: someText.optional().describe("The name of a verified token's claim."),
    matches: pattern.optional().describe("A regular expression that may match anywhere in the value."),
    invert: z.boolean().optional().describe("true: met by everything else."),
  })
  .refine(({ ip, header, query, claim }) => given(ip, header, query, claim) === 1, {
    error: "must have exactly one of ip, header, query, claim",
  })
  .refine(({ ip, matches }) => given(ip, matches) === 1, {
    error: "must have matches beside header, query or claim, and not beside ip",
  });

const group = z.strictObject({
  name: label.optional(),
  when: listOf(condition, "is empty: a group without conditions would always apply").describe(
    "Conditions, all of which a request must meet.",
  ),
  limits: limits.optional().describe("Left out, the group is unlimited."),
});

export const tier = z
  .strictObject({
    limits: limits.optional(),
    burst: limit.optional().describe("A second limit over a short window, reported as burst."),
    groups: listOf(group, "is empty: leave it out to have none")
      .optional()
      .describe("APIs and resources only: the first group whose conditions are all met replaces `limits`."),
    perUser: z.boolean().optional().describe("APIs and resources only: counts each user apart."),
    stopOnQuotaReach: z
      .boolean()
      .optional()
      .describe("false: let requests past `limits` and report them; `burst` and all other limits hold."),
    shadow: shadow.optional(),
  })
  .refine((entry) => given(entry.limits, entry.burst, entry.groups) > 0, {
    error: "limits nothing: give limits, burst or groups",
  });

export type LimitEntry = z.infer<typeof limit>;
export type ConditionEntry = z.infer<typeof condition>;
export type TierEntry = z.infer<typeof tier>;

function isBytes(value: number | null | undefined): boolean {
  return Number.isInteger(value) && (value ?? 0) > 0 && (value ?? 0) <= MAX_BYTES;
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
