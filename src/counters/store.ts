import type { Charge, Standing } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";

/** What a store answers to a request's charges: one standing for each, in the order given. */
export interface Outcome {
  /** True when every charge had room, and then all were made; otherwise none was. */
  readonly admitted: boolean;
  readonly standings: readonly Standing[];
}

/**
 * Counts. Every store keeps the same promises, which one suite of tests holds them to: a request's charges are
 * made all or none, and no window of a limit ever admits more than its number.
 */
export interface CounterStore {
  /**
   * Checks all charges and makes them if, and only if, all of enforced limits have room. A limit that only watches
   * keeps none back, and what has no room in it is not counted, as if it had been denied. No two charges share a
   * counter.
   */
  charge(charges: readonly Charge[], now: EpochMs): Promise<Outcome>;
  /** Adds what has been used already, past the limit if need be: the next request pays. */
  add(charges: readonly Charge[], now: EpochMs): Promise<void>;
}
