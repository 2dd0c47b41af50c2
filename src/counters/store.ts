import type { Charge, Limit, Standing } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";

/** What the counters say to a request's charges. */
export interface Counted {
  readonly kind: "counted";
  /** True when every charge had room, and then all were made; otherwise none was. */
  readonly admitted: boolean;
  /** One for each charge, in the order given. */
  readonly standings: readonly Standing[];
}

/** What a store answers to a request's charges. */
export type Outcome =
  | Counted
  /** The counters are out of reach, and the operator wants that to let everything pass, or nothing. */
  | { readonly kind: "uncounted"; readonly admitted: boolean };

/** A correction of a charge made before, by whichever node. */
export interface Adjustment {
  readonly limit: Limit;
  readonly key: string;
  /** {@link Standing.slot} of the charge. */
  readonly slot: EpochMs;
  /** What was charged. */
  readonly charged: number;
  /** What was used in the end less what was charged; may be negative. */
  readonly by: number;
}

/**
 * Counts. Every store keeps the same promises, which one suite of tests holds them to: a request's charges are
 * made all or none, and no window of a limit ever admits more than its number.
 */
export interface CounterStore {
  /**
   * Checks all charges and makes them if, and only if, all of enforced limits have room. A limit that only watches
   * keeps none back, and what has no room in it is not counted, as if it had been denied. No two charges share a
   * counter. A store that need not ask anybody answers at once. One that must, and cannot, rejects with
   * {@link StoreUnreachable}.
   */
  charge(charges: readonly Charge[], now: EpochMs): Outcome | Promise<Outcome>;
  /** Adds what has been used already, past the limit if need be: the next request pays. */
  add(charges: readonly Charge[], now: EpochMs): void | Promise<void>;
  /**
   * Corrects what was charged, in the slot that it was counted in, past the limit if need be. Has no effect once that
   * slot has left its window, and takes nothing below 0.
   */
  adjust(adjustments: readonly Adjustment[], now: EpochMs): void | Promise<void>;
}

/** The counters did not answer in time, or not at all. Nothing is known of what became of the charges. */
export class StoreUnreachable extends Error {
  override readonly name = "StoreUnreachable";
}
