import type { Interval } from "./interval.js";

/** What is sure about a sliding window. */
export interface SlidingVerdict {
  /** How many more than the number were surely admitted within the worst interval of the window's length. */
  readonly over: number;
  /** Requests for which no moment was found that keeps every interval within the number, while none is surely over. */
  readonly undecided: number;
}

/** Whether some interval of the length, its end not included, has held more than `max`. */
export function judgeSliding(admitted: readonly Interval[], windowMs: number, max: number): SlidingVerdict {
  const over = Math.max(0, mostContained(admitted, windowMs) - max);
  return { over, undecided: over > 0 ? 0 : unplaced(admitted, windowMs, max) };
}

/** The most requests of which an interval of that length holds every moment at which they may have been admitted. */
function mostContained(admitted: readonly Interval[], windowMs: number): number {
  // What took longer than the window is contained nowhere.
  const known = admitted.filter(({ fromMs, toMs }) => toMs - fromMs < windowMs);
  const froms = known.map(({ fromMs }) => fromMs).sort((a, b) => a - b);
  const tos = known.map(({ toMs }) => toMs).sort((a, b) => a - b);
  let most = 0;
  let ended = 0;
  for (const [begun, startMs] of froms.entries()) {
    if (begun > 0 && froms[begun - 1] === startMs) continue;
    while (ended < tos.length && (tos[ended] as number) < startMs + windowMs) ended++;
    // All that were sent before the start are among those answered before the end.
    most = Math.max(most, ended - begun);
  }
  return most;
}

/** Tries several ways to place all, from the start and from the end: one that succeeds is enough. */
function unplaced(admitted: readonly Interval[], windowMs: number, max: number): number {
  const mirrored = admitted.map(({ fromMs, toMs }) => ({ fromMs: -toMs, toMs: -fromMs }));
  let fewest = Number.POSITIVE_INFINITY;
  for (const place of [placeByDeadline, placeAsTheyCome]) {
    for (const intervals of [admitted, mirrored]) {
      fewest = Math.min(fewest, place(intervals, windowMs, max));
      if (fewest === 0) return 0;
    }
  }
  return fewest;
}

/** Each at the first moment that leaves room, in the order of deadlines. */
function placeByDeadline(intervals: readonly Interval[], windowMs: number, max: number): number {
  const placedMs: number[] = [];
  let failed = 0;
  for (const { fromMs, toMs } of intervals.toSorted((a, b) => a.toMs - b.toMs || a.fromMs - b.fromMs)) {
    const atMs = Math.max(fromMs, placedMs.at(-1) ?? fromMs, roomAtMs(placedMs, windowMs, max));
    if (atMs <= toMs) placedMs.push(atMs);
    else failed++;
  }
  return failed;
}

/** Whenever there is room, the most urgent of those that are there by then. */
function placeAsTheyCome(intervals: readonly Interval[], windowMs: number, max: number): number {
  const coming = intervals.toSorted((a, b) => b.fromMs - a.fromMs);
  /** The most urgent last. */
  const there: Interval[] = [];
  const placedMs: number[] = [];
  let atMs = Number.NEGATIVE_INFINITY;
  let failed = 0;
  while (coming.length > 0 || there.length > 0) {
    const firstMs = there.length > 0 ? atMs : (coming.at(-1)?.fromMs ?? atMs);
    atMs = Math.max(atMs, firstMs, roomAtMs(placedMs, windowMs, max));
    for (let next = coming.at(-1); next && next.fromMs <= atMs; next = coming.at(-1)) {
      coming.pop();
      const { toMs } = next;
      const later = there.findIndex((other) => other.toMs < toMs);
      there.splice(later < 0 ? there.length : later, 0, next);
    }
    const request = there.pop();
    if (request && request.toMs >= atMs) placedMs.push(atMs);
    else failed++;
  }
  return failed;
}

function roomAtMs(placedMs: readonly number[], windowMs: number, max: number): number {
  return (placedMs[placedMs.length - max] ?? Number.NEGATIVE_INFINITY) + windowMs;
}
