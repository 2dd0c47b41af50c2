import type { EpochMs } from "../policy/window.js";

/** Both clocks are read in whole milliseconds. */
const ROUNDING_MS = 1;

/**
 * What a node knows of the time by which shared counters go. Clocks of nodes and of Redis may be apart by any
 * amount; all that counts is how long ago an answer told the time, and how long that answer took at the most.
 */
export class SharedClock {
  #ahead = 0;
  #behind = 0;

  /** An answer told the shared time `at`; it was asked for at `sentAt` and came at `receivedAt`, by this node's clock. */
  told(at: EpochMs, sentAt: EpochMs, receivedAt: EpochMs): void {
    this.#ahead = at - sentAt + ROUNDING_MS;
    this.#behind = at - receivedAt - ROUNDING_MS;
  }

  /** The shared time is at the most this. */
  latest(now: EpochMs): EpochMs {
    return now + this.#ahead;
  }

  /** The shared time is at least this. */
  earliest(now: EpochMs): EpochMs {
    return now + this.#behind;
  }

  /** When a shared moment comes by this node's clock, as near as is known. */
  local(at: EpochMs): EpochMs {
    return at - Math.round((this.#ahead + this.#behind) / 2);
  }
}
