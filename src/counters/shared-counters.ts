import type { Charge, Limit } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";
import type { SharedClock } from "./shared-clock.js";

/**
 * A stretch of shared time in which what was drawn may be spent, known by its end: the whole of a fixed window, or
 * one bucket of a sliding one.
 */
export type SlotEnd = EpochMs;

/** What stands in a shared counter. Times are those of whoever keeps the counters, never of a node. */
export interface SharedStanding {
  /** Everything counted, with what nodes have drawn and not spent yet. */
  readonly used: number;
  /** When there is room again, if there is none; else when the counter next falls. */
  readonly resetAt: EpochMs;
  /** What is counted now is counted in this. */
  readonly slot: SlotEnd;
}

export interface SharedOutcome {
  /** The shared time at which it was decided. */
  readonly at: EpochMs;
  readonly admitted: boolean;
  /** One for each charge, without it. */
  readonly standings: readonly SharedStanding[];
}

/** A slice of a limit that a node asks for. */
export interface Draw {
  /** At the most so much. */
  readonly want: number;
  /** So much if there is room for it, however little is left for others: requests wait for it. */
  readonly need: number;
}

/**
 * Used already: counted past the limit if need be. Told again until it is answered, and counted once: `batch` is
 * higher than that of any other batch of this node for this counter.
 */
export interface Addition {
  readonly batch: number;
  /** Negative where less was used than is counted in the slot: takes nothing below 0. */
  readonly amount: number;
  /** What it is counted in, and in nothing else; null: what is counted in when it comes. */
  readonly slot: SlotEnd | null;
  /** It is counted no more from then on: the window that it was used in is over. */
  readonly until: EpochMs;
}

/** What a node has to settle with one shared counter. */
export interface Settlement {
  readonly limit: Limit;
  readonly key: string;
  readonly draw: Draw | null;
  /** Drawn, never spent, and from now on not to be. It is told once: when the message is lost, so is the amount. */
  readonly giveBack: { readonly slot: SlotEnd; readonly amount: number } | null;
  readonly add: Addition | null;
  /**
   * What this node has drawn in a slot, less what it gave back before: if the counters know of less, for they were
   * restored from a copy that lagged, they take its word.
   */
  readonly drawn: { readonly slot: SlotEnd; readonly amount: number } | null;
}

/** The counter after the settlement. */
export interface Settled extends SharedStanding {
  /** The shared time at which it was done. Keepers of different counters may have clocks of their own. */
  readonly at: EpochMs;
  /** Counted in `used`, and now the node's to spend while `slot` lasts. */
  readonly granted: number;
}

/** Counters that several nodes share, as their keeper offers them: each call is one round trip, if it can be. */
export interface SharedCounters {
  /** False while calls have been failing or late. Whoever need not wait for an answer may still call. */
  readonly reachable: boolean;
  /** What is known of the shared time. */
  readonly time: SharedClock;
  /**
   * Checks all charges and makes all or none, as a `CounterStore` does. Rejects with `StoreUnreachable` at the
   * deadline, or when it fails: then nothing is known of what became of it.
   */
  charge(charges: readonly Charge[]): Promise<SharedOutcome>;
  /**
   * Settles each counter for itself. Answers one for each in the order given, null for one of which nothing is known,
   * and never rejects. It has no deadline: what was granted late is the node's all the same.
   */
  settle(settlements: readonly Settlement[]): Promise<readonly (Settled | null)[]>;
}
