import { type Charge, isTokenLimit, type Limit, remaining, type Standing } from "../policy/limit.js";
import type { HeaderFamilies } from "../policy/policy.js";
import { type EpochMs, formatWindow, windowLengthMs } from "../policy/window.js";

/** What tells a client where it stands, by header name. */
export type LimitHeaders = readonly (readonly [name: string, value: string])[];

/**
 * @param binding the limit that denied, or of those that allow the one with the least left
 * @param standings all limits that match, in any order
 */
export function limitHeaders(
  families: HeaderFamilies,
  binding: Standing | null,
  standings: readonly Standing[],
  isAi: boolean,
  now: EpochMs,
): LimitHeaders {
  const enforced = standings.filter(({ charge }) => charge.limit.enforced);
  return [
    ...(families.xRateLimit && binding ? xRateLimit(binding, now) : []),
    ...(families.rateLimit && enforced.length > 0 ? rateLimit(enforced, now) : []),
    ...(families.aiTokens && isAi ? aiTokens(enforced, now) : []),
  ];
}

const secondsLeft = ({ resetAt }: Standing, now: EpochMs) => Math.max(0, Math.ceil((resetAt - now) / 1000));

/** As Envoy's own rate limit filter writes them: the reset in seconds from now. */
function xRateLimit(binding: Standing, now: EpochMs): LimitHeaders {
  return [
    ["x-ratelimit-limit", String(binding.charge.limit.max)],
    ["x-ratelimit-remaining", String(remaining(binding))],
    ["x-ratelimit-reset", String(secondsLeft(binding, now))],
  ];
}

/** draft-ietf-httpapi-ratelimit-headers-10: every limit by name, as lists of RFC 9651. */
function rateLimit(standings: readonly Standing[], now: EpochMs): LimitHeaders {
  const seen = new Map<string, number>();
  const items = standings.map((standing) => {
    const name = nameOf(standing.charge);
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return { standing, name: JSON.stringify(times === 1 ? name : `${name}-${times}`) };
  });
  const policies = items.map(({ standing: { charge }, name }) => {
    const { max, unit } = charge.limit;
    const unitParameter = unit === "requests" ? "" : `;qu="${quotaUnits[unit]}"`;
    return `${name};q=${max};w=${nominalSeconds(charge.limit)}${unitParameter}`;
  });
  const limits = items.map(
    ({ standing, name }) => `${name};r=${remaining(standing)};t=${secondsLeft(standing, now)}`,
  );
  return [
    ["ratelimit-policy", policies.join(", ")],
    ["ratelimit", limits.join(", ")],
  ];
}

const quotaUnits = {
  bytes: "content-bytes",
  totalTokens: "total-tokens",
  promptTokens: "prompt-tokens",
  completionTokens: "completion-tokens",
  spend: "micro-spend",
} as const;

/** Level and window tell the limits of one request apart; a custom rule has its own name. */
function nameOf({ limit }: Charge): string {
  const scope = limit.level === "custom" ? `custom-${limit.scope}` : limit.level;
  const name = `${scope}-${limit.unit}-${formatWindow(limit.window)}`;
  return name.replaceAll(" ", "-").replaceAll(/[^!-~]+/g, encodeURIComponent);
}

/** The length of a month and of a year is said as the calendar's mean. */
function nominalSeconds({ window }: Limit): number {
  const months = window.period === "year" ? window.count * 12 : window.count;
  return Math.round((windowLengthMs(window) ?? months * 2_629_746_000) / 1000);
}

/** The headers of OpenAI's API: of token limits and of request limits the one with the least left. */
function aiTokens(standings: readonly Standing[], now: EpochMs): LimitHeaders {
  const tightest = (matching: readonly Standing[]) =>
    matching.reduce<Standing | null>((a, b) => (a === null || remaining(b) < remaining(a) ? b : a), null);
  const tokens = tightest(standings.filter(({ charge }) => isTokenLimit(charge.limit)));
  const requests = tightest(standings.filter(({ charge }) => charge.limit.unit === "requests"));
  const family = (what: string, standing: Standing | null): LimitHeaders =>
    standing
      ? [
          [`x-ratelimit-limit-${what}`, String(standing.charge.limit.max)],
          [`x-ratelimit-remaining-${what}`, String(remaining(standing))],
          [`x-ratelimit-reset-${what}`, `${secondsLeft(standing, now)}s`],
        ]
      : [];
  return [...family("requests", requests), ...family("tokens", tokens)];
}
