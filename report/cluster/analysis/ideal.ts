import type { LimitSpec } from "../workload.js";

/** A request as a perfect counter would have met it: at the moment when it was sent. */
export interface Sent {
  readonly atMs: number;
  readonly limits: readonly LimitSpec[];
}

interface Counter {
  hasRoom(atMs: number): boolean;
  count(atMs: number): void;
}

/**
 * Which requests a single counter without delay would have admitted: the first so many of each window. What a cluster
 * admits less than this, it under-admits. Requests come in the order of time.
 */
export function admitIdeally(requests: Iterable<Sent>): boolean[] {
  const counters = new Map<LimitSpec, Counter>();
  const counterOf = (limit: LimitSpec) => {
    let counter = counters.get(limit);
    if (!counter) {
      counter = limit.kind === "fixed" ? fixedCounter(limit) : slidingCounter(limit);
      counters.set(limit, counter);
    }
    return counter;
  };
  const admitted: boolean[] = [];
  for (const { atMs, limits } of requests) {
    const matching = limits.map(counterOf);
    const fits = matching.every((counter) => counter.hasRoom(atMs));
    if (fits) for (const counter of matching) counter.count(atMs);
    admitted.push(fits);
  }
  return admitted;
}

function fixedCounter({ maxRequests, windowMs }: LimitSpec): Counter {
  let window = Number.NEGATIVE_INFINITY;
  let used = 0;
  const turn = (atMs: number) => {
    const at = Math.floor(atMs / windowMs);
    if (at === window) return;
    window = at;
    used = 0;
  };
  return {
    hasRoom(atMs) {
      turn(atMs);
      return used < maxRequests;
    },
    count() {
      used++;
    },
  };
}

/** Room when the last but so many is a whole window ago. */
function slidingCounter({ maxRequests, windowMs }: LimitSpec): Counter {
  const admittedMs: number[] = [];
  return {
    hasRoom(atMs) {
      const oldest = admittedMs[admittedMs.length - maxRequests];
      return oldest === undefined || atMs - oldest >= windowMs;
    },
    count(atMs) {
      admittedMs.push(atMs);
    },
  };
}
