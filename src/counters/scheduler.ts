import type { EpochMs } from "../policy/window.js";

/** The time, and what is to be done later. Stores that work in the background get it from outside. */
export interface Scheduler {
  /** This node's clock. It never goes back. */
  now(): EpochMs;
  /** Runs once this turn of the event loop is over, after what has arrived in it. */
  soon(run: () => void): void;
  /** Runs after `delayMs`, unless the returned function is called before. */
  after(delayMs: number, run: () => void): () => void;
}

/** The event loop's timers, by `now`. They keep no process alive. */
export function createScheduler(now: () => EpochMs): Scheduler {
  return {
    now,
    soon: (run) => void setImmediate(run),
    after(delayMs, run) {
      const timer = setTimeout(run, delayMs).unref();
      return () => clearTimeout(timer);
    },
  };
}
