import type { Interval } from "./interval.js";

/** What is sure about a fixed window, however the doubtful requests are placed. */
export interface FixedVerdict {
  /**
   * Requests more than the windows hold, in the placement that has fewest: above 0, no placement explains what was
   * admitted, so a window was over. At 0, one exists in which none was.
   */
  readonly over: number;
  /** Requests that may belong to more than one window. */
  readonly ambiguous: number;
  /** By the start of the window, in that placement; those over are counted where they had to be. */
  readonly counts: ReadonlyMap<number, number>;
}

/**
 * Places each request in one of the windows that its interval touches. Windows are filled in the order of time, and
 * of those that may still wait for a later one the one with the earliest deadline first: no placement leaves fewer over.
 */
export function judgeFixed(admitted: readonly Interval[], windowMs: number, max: number): FixedVerdict {
  const windowOf = (timeMs: number) => Math.floor(timeMs / windowMs);
  const certain = new Map<number, number>();
  const doubtful: { readonly first: number; readonly last: number }[] = [];
  for (const { fromMs, toMs } of admitted) {
    const [first, last] = [windowOf(fromMs), windowOf(toMs)];
    if (first === last) certain.set(first, (certain.get(first) ?? 0) + 1);
    else doubtful.push({ first, last });
  }
  const ambiguous = doubtful.length;
  const windows = new Set(certain.keys());
  for (const { first, last } of doubtful) for (let at = first; at <= last; at++) windows.add(at);

  let waiting = doubtful.toSorted((a, b) => a.last - b.last);
  let over = 0;
  const counts = new Map<number, number>();
  for (const at of [...windows].sort((a, b) => a - b)) {
    let count = certain.get(at) ?? 0;
    const later: typeof waiting = [];
    for (const request of waiting) {
      const mayBeHere = request.first <= at;
      if (request.last === at || (mayBeHere && count < max)) count++;
      else later.push(request);
    }
    waiting = later;
    over += Math.max(0, count - max);
    counts.set(at * windowMs, count);
  }
  return { over, ambiguous, counts };
}
