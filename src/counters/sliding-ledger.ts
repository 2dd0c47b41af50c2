import { type Charge, hasRoom } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";
import { evictOldest } from "./evict.js";
import type { Ledger } from "./ledger.js";

/**
 * A window is counted in this many buckets. What is counted leaves when its bucket has wholly left the window, at
 * the most a bucket's length late: so no interval of the window's length ever holds more than the limit, and a
 * steady caller gets at the most 1/64 less. A counter never holds more than 65 buckets.
 */
const BUCKETS = 64;

/** How long each bucket of a sliding window is. */
export function slidingBucketMs(lengthMs: number): number {
  return Math.ceil(lengthMs / BUCKETS);
}

/** What was counted in one bucket; `index` times the bucket's length is where it begins. */
interface Bucket {
  readonly index: number;
  amount: number;
}

/** The buckets of one key that are still in the window, oldest first. */
interface Counter {
  buckets: Bucket[];
  total: number;
}

/** Counters of a sliding window. */
export class SlidingLedger implements Ledger {
  readonly #lengthMs: number;
  readonly #bucketMs: number;
  readonly #counters = new Map<string, Counter>();

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
    this.#bucketMs = slidingBucketMs(lengthMs);
  }

  get size(): number {
    return this.#counters.size;
  }

  used(key: string, now: EpochMs): number {
    const counter = this.#counters.get(key);
    return counter ? this.#expire(counter, now) : 0;
  }

  resetAt(charge: Charge, used: number, now: EpochMs): EpochMs {
    const buckets = this.#counters.get(charge.key)?.buckets ?? [];
    let left = used;
    for (const { index, amount } of buckets) {
      left -= amount;
      if (amount > 0 && hasRoom(charge, left)) return this.#leavesAt(index);
    }
    return this.#leavesAt(buckets.at(-1)?.index ?? this.#bucketAt(now));
  }

  slot(key: string, now: EpochMs): EpochMs {
    return (this.#current(this.#counters.get(key), now) + 1) * this.#bucketMs;
  }

  /** A clock that steps back adds to the newest bucket: what is counted never leaves early. */
  add(key: string, amount: number, now: EpochMs): void {
    const counter = this.#counterOf(key);
    this.#expire(counter, now);
    count(counter, this.#current(counter, now), amount);
  }

  /** A slot that is still to come is another clock's: it is counted now. */
  adjust(key: string, by: number, slot: EpochMs, now: EpochMs): void {
    const known = this.#counters.get(key);
    const index = Math.min(Math.ceil(slot / this.#bucketMs) - 1, this.#current(known, now));
    if (this.#leavesAt(index) <= now || (!known && by < 0)) return;
    const counter = known ?? this.#counterOf(key);
    this.#expire(counter, now);
    count(counter, index, by);
  }

  sweep(now: EpochMs): void {
    for (const [key, counter] of this.#counters) {
      if (this.#expire(counter, now) === 0) this.#counters.delete(key);
    }
  }

  evict(count: number): number {
    return evictOldest(this.#counters, count);
  }

  #counterOf(key: string): Counter {
    let counter = this.#counters.get(key);
    if (!counter) {
      counter = { buckets: [], total: 0 };
      this.#counters.set(key, counter);
    }
    return counter;
  }

  #expire(counter: Counter, now: EpochMs): number {
    const { buckets } = counter;
    let gone = 0;
    for (const { index, amount } of buckets) {
      if (this.#leavesAt(index) > now) break;
      counter.total -= amount;
      gone++;
    }
    if (gone > 0) buckets.splice(0, gone);
    return counter.total;
  }

  /** The bucket that is counted in now. */
  #current(counter: Counter | undefined, now: EpochMs): number {
    return Math.max(this.#bucketAt(now), counter?.buckets.at(-1)?.index ?? -Infinity);
  }

  #bucketAt(now: EpochMs): number {
    return Math.floor(now / this.#bucketMs);
  }

  #leavesAt(index: number): EpochMs {
    return (index + 1) * this.#bucketMs + this.#lengthMs;
  }
}

/** Changes a bucket by `amount`, though not below 0. One that is not there is made, in its place among the others. */
function count(counter: Counter, index: number, amount: number): void {
  const { buckets } = counter;
  let at = buckets.length;
  while ((buckets[at - 1]?.index ?? -Infinity) > index) at--;
  let bucket = buckets[at - 1];
  if (bucket?.index !== index) {
    bucket = { index, amount: 0 };
    buckets.splice(at, 0, bucket);
  }
  const change = Math.max(amount, -bucket.amount);
  bucket.amount += change;
  counter.total += change;
}
