import type { ModelPattern } from "./model.js";
import type { EpochMs, Window } from "./window.js";

/**
 * Where limits are set, in the order in which WSO2 API Manager evaluates them. Of two denials with the same
 * wait, the earlier level is the one that is named.
 */
export const levels = [
  "gateway",
  "api",
  "resource",
  "subscription",
  "subscriptionBurst",
  "application",
  "applicationBurst",
  "custom",
  "backend",
] as const;
export type Level = (typeof levels)[number];

export const tokenUnits = ["totalTokens", "promptTokens", "completionTokens"] as const;
export const usageUnits = [...tokenUnits, "spend"] as const;
export const units = ["requests", "bytes", ...usageUnits] as const;
/**
 * What a limit counts. Requests are known before they pass; bytes, and what the usage of AI responses tells, only after
 * the response. `spend` is money, in millionths of the policy's currency.
 */
export type Unit = (typeof units)[number];
export type TokenUnit = (typeof tokenUnits)[number];
/** What the usage of an AI response decides. */
export type UsageUnit = (typeof usageUnits)[number];

/** At most `max` of `unit` in every `window`, for each key that is counted at this level. */
export interface Limit {
  /**
   * What makes it the same limit before and after a reload: level, scope, unit, window and model. The number is no
   * part of it, so that a changed number applies to the counts of the running window.
   */
  readonly id: string;
  readonly level: Level;
  /** What it limits, for logs and metadata: `orders/v1`, `mobile on orders/v1`. */
  readonly scope: string;
  readonly unit: Unit;
  readonly max: number;
  /** The models whose requests alone it counts; null where it counts those of every model, and of none. */
  readonly model: ModelPattern | null;
  readonly window: Window;
  /** False for one that only watches: it counts and is reported, and lets everything through. */
  readonly enforced: boolean;
}

/** `amount` of a limit's unit, asked for under `key`: the part of the counter that the limit does not name. */
export interface Charge {
  readonly limit: Limit;
  readonly key: string;
  readonly amount: number;
}

/** A counter as a request found it: `used` does not yet contain the request's own charge. */
export interface Standing {
  readonly charge: Charge;
  readonly used: number;
  readonly resetAt: EpochMs;
  /**
   * The stretch of the store's time that a charge made now is counted in, known by its end: a fixed window's end, or
   * the end of a sliding window's bucket. It is no time of this node's.
   */
  readonly slot: EpochMs;
}

/**
 * Whether a counter that stands at `used` has room. A request is let through when its whole amount fits. One
 * whose cost is not known yet (tokens, money: amount 0) needs room for at least one, so that the response that
 * crosses the limit is delivered and the next request is denied (WSO2 `ThrottleHandler`, `count >= limit`).
 */
export function hasRoom(charge: Charge, used: number): boolean {
  return used + Math.max(1, charge.amount) <= charge.limit.max;
}

/** Whether a limit that stands at `used` keeps the charge from being made. */
export function denies(charge: Charge, used: number): boolean {
  return charge.limit.enforced && !hasRoom(charge, used);
}

/** What is left of the limit once the request has passed; never below 0, whatever the debt. */
export function remaining({ charge, used }: Standing): number {
  return Math.max(0, charge.limit.max - used - charge.amount);
}

/** Whether it counts tokens. */
export function isTokenLimit(limit: Limit): limit is Limit & { readonly unit: TokenUnit } {
  return isUsageLimit(limit) && limit.unit !== "spend";
}

/** Whether it counts what the usage of an AI response tells: tokens or money. */
export function isUsageLimit(limit: Limit): limit is Limit & { readonly unit: UsageUnit } {
  return limit.unit !== "requests" && limit.unit !== "bytes";
}
