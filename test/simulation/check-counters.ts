import { slidingBucketMs } from "../../src/counters/sliding-ledger.js";
import { slotLeavesAt } from "../../src/counters/slot.js";
import { isTokenLimit, type Limit } from "../../src/policy/limit.js";
import { spanAt, windowLengthMs } from "../../src/policy/window.js";
import type { History } from "./history.js";

/** What a counter should stand at: at the least and at the most. */
interface Expected {
  readonly limit: Limit;
  /** Nodes may have drawn more of it than they spent. */
  readonly isDrawn: boolean;
  /** What was counted from then on still counts. */
  readonly since: number;
  least: number;
  most: number;
}

/** The most that a node may misjudge when a window ends, or that what it adds may come late. */
const UNCERTAIN_MS = 15_000;

/** Compares what Redis holds at the end, when all was given back and told, with what is known from outside. */
export function wrongCounters(history: History): string[] {
  const { redis, scenario, crashed, asked, added, corrected } = history;
  const now = redis.clockAt(scenario.endsAtMs);
  const expected = new Map<string, Expected>();
  const since = scenario.limits.map(({ limit }) => countsSince(limit, now));
  const of = (limitIndex: number, counter: string): Expected => {
    const plan = scenario.limits[limitIndex];
    const known = expected.get(counter);
    if (known || !plan) return known as Expected;
    const { limit, holds } = plan;
    const isDrawn = holds || !isTokenLimit(limit);
    const made = { limit, isDrawn, since: since[limitIndex] ?? 0, least: 0, most: 0 };
    expected.set(counter, made);
    return made;
  };

  const isExact = isUndisturbed(history);
  for (const { askedMs, answeredMs, admitted, charged } of asked) {
    if (answeredMs === null) continue;
    for (const { limit, counter, amount, hadRoom } of charged) {
      const one = of(limit, counter);
      if (!admitted || !hadRoom || amount === 0) continue;
      const skippedMs = redis.skippedMs(askedMs - scenario.endsAtMs, answeredMs);
      const from = redis.earliestIn(askedMs, answeredMs) - skippedMs;
      if (from >= one.since) one.least += amount;
      if (redis.furthestAt(answeredMs) >= one.since) one.most += amount;
    }
  }
  for (const { limit, counter, amount, atMs, node } of added) {
    const one = of(limit, counter);
    const at = redis.clockAt(atMs);
    if (!crashed.has(node) && at - (isExact ? 0 : UNCERTAIN_MS) >= one.since) one.least += amount;
    if (at + UNCERTAIN_MS >= one.since) one.most += amount;
  }
  for (const { of: charged, by, node } of corrected) {
    const one = of(charged.limit, charged.counter);
    const leavesInMs = slotLeavesAt(one.limit.window, charged.slot) - now;
    if (leavesInMs <= 0) continue;
    const isCertain = !crashed.has(node) && leavesInMs > (isExact ? 0 : UNCERTAIN_MS);
    if (by < 0 || isCertain) one.least += by;
    if (by > 0 || isCertain) one.most += by;
  }

  return [...expected].flatMap(([counter, { least, most, isDrawn }]) => {
    const used = redis.model.used(counter, now);
    if (used < least) return [`${counter} stands at ${used} though ${least} were admitted or added`];
    if (used > most && (isExact || !isDrawn))
      return [`${counter} stands at ${used} though no more than ${most} were admitted or added`];
    return [];
  });
}

/** Whether all that was drawn must have been spent or given back: nothing was lost, and no clock misled anybody. */
function isUndisturbed({ scenario, isCertain, crashed }: History): boolean {
  const misleading = scenario.faults.some(({ kind }) => kind === "jump" || kind === "step");
  return isCertain && crashed.size === 0 && !misleading;
}

/** When the window of now began, or the oldest bucket of a sliding one that is still in it. */
function countsSince({ window }: Limit, now: number): number {
  const lengthMs = windowLengthMs(window);
  if (window.kind === "fixed" || lengthMs === null) return spanAt(window, now).start;
  const widthMs = slidingBucketMs(lengthMs);
  return Math.floor((Math.floor(now) - lengthMs) / widthMs) * widthMs;
}
