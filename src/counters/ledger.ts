import type { Charge } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";

/** All counters of one limit, by key. */
export interface Ledger {
  /** Counters held, those that have ended included until they are swept. */
  readonly size: number;
  /** What a counter stands at. */
  used(key: string, now: EpochMs): number;
  /** When the charge has room again if it has none now, else when the counter next falls. */
  resetAt(charge: Charge, used: number, now: EpochMs): EpochMs;
  /** The slot that is counted in now, by its end. */
  slot(key: string, now: EpochMs): EpochMs;
  add(key: string, amount: number, now: EpochMs): void;
  /** Changes what was counted in a slot, but not below 0, if the slot is still in its window. */
  adjust(key: string, by: number, slot: EpochMs, now: EpochMs): void;
  /** Forgets the counters that have ended. */
  sweep(now: EpochMs): void;
  /** Forgets up to `count` counters, the oldest first, and returns how many. */
  evict(count: number): number;
}
