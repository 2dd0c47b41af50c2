import type { Random } from "./random.js";
import { QUIET, type VirtualTime } from "./virtual-time.js";

/** What happens to messages between a node and Redis. */
export interface Weather {
  /** One way: at least, on average, and how likely it takes up to `longMs`. */
  readonly leastMs: number;
  readonly meanMs: number;
  readonly long: number;
  readonly longMs: number;
  readonly lostRequests: number;
  readonly lostReplies: number;
  /** Whether messages keep their order, as on one connection, or may be on several. */
  readonly ordered: boolean;
  /** When the sender of what is lost, and of some of what is late, learns that the connection is gone. */
  readonly breaksAfterMs: number;
}

export const FAIR: Weather = {
  ...{ leastMs: 0.03, meanMs: 0.4, long: 0, longMs: 0 },
  ...{ lostRequests: 0, lostReplies: 0, ordered: true, breaksAfterMs: 1_000 },
};

/** Of requests that are lost to their sender, so many are executed all the same, much later. */
const EXECUTED_LATE = 0.3;
const LATEST_MS = 4_000;
/** Of messages under way while the line is cut, so many are lost; the others wait. */
const LOST_BY_CUT = 0.5;
/** Of messages that come through, so many do so on a connection that breaks meanwhile. */
const BROKEN = 0.3;

/** The way from one node to Redis and back. */
export class Line {
  weather: Weather;
  readonly #time: VirtualTime;
  readonly #random: Random;
  #cutUntil = 0;
  #lastThere = 0;
  #lastBack = 0;
  #failures = 0;

  constructor(time: VirtualTime, random: Random, weather: Weather) {
    this.#time = time;
    this.#random = random;
    this.weather = weather;
  }

  /** Calls of whose end nothing is known. */
  get failures(): number {
    return this.#failures;
  }

  cut(forMs: number): void {
    this.#cutUntil = this.#time.now + forMs;
  }

  /** Has `execute` run at the other end, and tells what it said; null when that is not known. */
  ask<T>(execute: () => T, tell: (reply: T | null) => void): void {
    let isTold = false;
    const told = (reply: T | null) => {
      if (isTold) return QUIET;
      isTold = true;
      if (reply === null) this.#failures++;
      return tell(reply);
    };
    const { breaksAfterMs, lostRequests, lostReplies } = this.weather;
    const breaksAt = this.#time.now + this.#random.between(0.2, 1) * breaksAfterMs;
    if (this.#isLost(lostRequests)) {
      this.#time.at(breaksAt, () => told(null));
      if (!this.#random.chance(EXECUTED_LATE)) return;
      this.#time.after(this.#random.between(0, LATEST_MS), () => {
        execute();
        return QUIET;
      });
      return;
    }
    if (lostReplies > 0 && this.#random.chance(BROKEN)) this.#time.at(breaksAt, () => told(null));
    this.#lastThere = this.#arrival(this.#lastThere);
    this.#time.at(this.#lastThere, () => {
      const reply = execute();
      if (this.#isLost(lostReplies)) {
        this.#time.at(breaksAt, () => told(null));
      } else {
        this.#lastBack = this.#arrival(this.#lastBack);
        this.#time.at(this.#lastBack, () => told(reply));
      }
      return QUIET;
    });
  }

  #isLost(probability: number): boolean {
    return this.#random.chance(this.#time.now < this.#cutUntil ? LOST_BY_CUT : probability);
  }

  #arrival(last: number): number {
    const { leastMs, meanMs, long, longMs, ordered } = this.weather;
    const usual = leastMs + this.#random.gap(meanMs);
    const delayMs = this.#random.chance(long) ? this.#random.between(leastMs, longMs) : usual;
    const arrival = Math.max(this.#time.now, this.#cutUntil) + delayMs;
    return ordered ? Math.max(arrival, last) : arrival;
  }
}
