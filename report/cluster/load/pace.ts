import { setTimeout as sleep } from "node:timers/promises";
import { type Spread, spreadOf } from "../analysis/spread.js";

/** Something that is done at a steady rate, whatever becomes of it. */
export interface Stream {
  readonly perSecond: number;
  /** The n-th time, counting from 0. */
  readonly send: (n: number) => void;
}

/** Whether the load was what it should have been. */
export interface Pace {
  readonly scheduledRequests: number;
  readonly sentRequests: number;
  /** How much later than due. */
  readonly sendDelay: Spread;
}

/** Timers are as fine as this. */
const TICK_MS = 1;

interface Schedule extends Stream {
  readonly total: number;
  readonly dueMs: (n: number) => number;
  next: number;
}

/**
 * An open loop: every stream sends when it is due, be the answers slow or not, and what became due while this process
 * was held up is sent at once. Times are of `performance`.
 */
export async function keepPace(streams: readonly Stream[], startMs: number, endMs: number): Promise<Pace> {
  const schedules = streams.map((stream, index): Schedule => {
    const everyMs = 1000 / stream.perSecond;
    // Streams of the same rate take turns.
    const firstMs = startMs + (everyMs * (index + 1)) / (streams.length + 1);
    const total = Math.max(0, Math.ceil((endMs - firstMs) / everyMs));
    return { ...stream, total, dueMs: (n) => firstMs + n * everyMs, next: 0 };
  });
  const delaysMs: number[] = [];
  await sleep(Math.max(0, startMs - performance.now()));
  while (schedules.some(({ next, total }) => next < total)) {
    for (const schedule of schedules) {
      while (schedule.next < schedule.total) {
        const delayMs = performance.now() - schedule.dueMs(schedule.next);
        if (delayMs < 0) break;
        delaysMs.push(delayMs);
        schedule.send(schedule.next++);
      }
    }
    await sleep(TICK_MS);
  }
  return {
    scheduledRequests: schedules.reduce((sum, { total }) => sum + total, 0),
    sentRequests: delaysMs.length,
    sendDelay: spreadOf(delaysMs),
  };
}
