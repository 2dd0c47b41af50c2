/** A clock that is set back by up to this finds a counter still there. */
const GRACE_MS = 10_000;

/** One key, as the script that opened it sees it. */
export interface RedisCounter {
  /** Until when what is drawn now may be spent. */
  readonly slot: number;
  readonly used: number;
  /** When Redis drops the key, or null where there is none. */
  readonly expiresAt: number | null;
  /** False when the time is out of both fixed windows that the caller knows of. */
  open(now: number, a: number, b: number, c: number): boolean;
  count(amount: number): void;
  draw(node: string, amount: number): void;
  /** A node tells what it has drawn: less was known when Redis was restored from a copy. */
  reassert(node: string, slot: number, amount: number): void;
  giveBack(node: string, slot: number, amount: number): void;
  /** Past the limit if need be, or below what was counted in `slot`; a slot of 0 is whatever is counted in now. */
  addBatch(node: string, batch: number, amount: number, slot: number): void;
  resetAt(max: number, asked: number): number;
  /** What is counted at a time, for those who only look. */
  usedAt(now: number): number;
}

/** What both kinds of counters remember of nodes while the counts last. */
class Batches {
  readonly #last = new Map<string, number>();

  isNew(node: string, batch: number): boolean {
    return batch > (this.#last.get(node) ?? 0);
  }

  note(node: string, batch: number): void {
    this.#last.set(node, batch);
  }
}

/** One fixed window: what is stored of it, and what it is now to the script that opened it. */
export class FixedCounter implements RedisCounter {
  #ends = -Infinity;
  #stored = 0;
  #drawn = new Map<string, number>();
  #batches = new Batches();
  /** What is stored is of a window that is over, and goes when something is counted. */
  #isStale = true;
  slot = 0;
  used = 0;

  open(now: number, start: number, nextEnd: number, laterEnd: number): boolean {
    this.#isStale = now >= this.#ends;
    if (!this.#isStale) {
      this.slot = this.#ends;
      this.used = this.#stored;
      return true;
    }
    if (now < start || now >= laterEnd) return false;
    this.slot = now < nextEnd ? nextEnd : laterEnd;
    this.used = 0;
    return true;
  }

  count(amount: number): void {
    if (this.#isStale) {
      this.#isStale = false;
      this.#ends = this.slot;
      this.#drawn = new Map();
      this.#batches = new Batches();
    }
    this.used += amount;
    this.#stored = this.used;
  }

  draw(node: string, amount: number): void {
    this.count(amount);
    this.#drawn.set(node, (this.#drawn.get(node) ?? 0) + amount);
  }

  reassert(node: string, slot: number, amount: number): void {
    if (slot !== this.slot) return;
    const known = this.#isStale ? 0 : (this.#drawn.get(node) ?? 0);
    if (amount <= known) return;
    this.count(amount - known);
    this.#drawn.set(node, amount);
  }

  giveBack(node: string, slot: number, amount: number): void {
    if (this.#isStale || slot !== this.slot || this.used < amount) return;
    this.used -= amount;
    this.#stored = this.used;
    this.#drawn.set(node, (this.#drawn.get(node) ?? 0) - amount);
  }

  addBatch(node: string, batch: number, amount: number, slot: number): void {
    if (slot > 0 && slot !== this.slot) return;
    if (!this.#isStale && !this.#batches.isNew(node, batch)) return;
    this.count(Math.max(amount, -this.used));
    this.#batches.note(node, batch);
  }

  resetAt(): number {
    return this.slot;
  }

  usedAt(now: number): number {
    return now < this.#ends ? this.#stored : 0;
  }

  get expiresAt(): number | null {
    return this.#ends === -Infinity ? null : this.#ends + GRACE_MS;
  }
}

/** A sliding window: its buckets by number. */
export class SlidingCounter implements RedisCounter {
  readonly #lengthMs: number;
  readonly #widthMs: number;
  #buckets = new Map<number, number>();
  #batches = new Batches();
  #isStale = false;
  /** The bucket of now. */
  #bucket = 0;
  used = 0;

  constructor(lengthMs: number, widthMs: number) {
    this.#lengthMs = lengthMs;
    this.#widthMs = widthMs;
  }

  get slot(): number {
    return (this.#bucket + 1) * this.#widthMs;
  }

  open(now: number): boolean {
    const first = Math.floor((now - this.#lengthMs) / this.#widthMs);
    const newest = this.#newest();
    this.#bucket = Math.floor(now / this.#widthMs);
    this.#isStale = newest < first;
    this.used = 0;
    if (this.#isStale) return true;
    this.#bucket = Math.max(this.#bucket, newest);
    for (const [index, amount] of this.#buckets) {
      if (index < first) this.#buckets.delete(index);
      else this.used += amount;
    }
    return true;
  }

  count(amount: number, bucket = this.#bucket): void {
    if (this.#isStale) {
      this.#isStale = false;
      this.#buckets = new Map();
      this.#batches = new Batches();
    }
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + amount);
    this.used += amount;
  }

  draw(_node: string, amount: number): void {
    this.count(amount);
  }

  reassert(): void {}

  giveBack(_node: string, slot: number, amount: number): void {
    const bucket = slot / this.#widthMs - 1;
    const held = this.#isStale ? 0 : (this.#buckets.get(bucket) ?? 0);
    if (held < amount) return;
    this.#buckets.set(bucket, held - amount);
    this.used -= amount;
  }

  addBatch(node: string, batch: number, amount: number, slot: number): void {
    if (!this.#isStale && !this.#batches.isNew(node, batch)) return;
    const bucket = slot > 0 ? Math.min(Math.ceil(slot / this.#widthMs) - 1, this.#bucket) : this.#bucket;
    const held = this.#isStale ? 0 : (this.#buckets.get(bucket) ?? 0);
    this.count(Math.max(amount, -held), bucket);
    this.#batches.note(node, batch);
  }

  resetAt(max: number, asked: number): number {
    if (this.#isStale || this.#buckets.size === 0) return this.#leavesAt(this.#bucket);
    let left = this.used;
    for (const [index, amount] of [...this.#buckets].sort(([a], [b]) => a - b)) {
      left -= amount;
      if (left + asked <= max) return this.#leavesAt(index);
    }
    return this.#leavesAt(this.#newest());
  }

  usedAt(now: number): number {
    let used = 0;
    for (const [index, amount] of this.#buckets) if (this.#leavesAt(index) > now) used += amount;
    return used;
  }

  get expiresAt(): number | null {
    return this.#buckets.size === 0 ? null : this.#leavesAt(this.#newest()) + GRACE_MS;
  }

  #newest(): number {
    let newest = -Infinity;
    for (const index of this.#buckets.keys()) newest = Math.max(newest, index);
    return newest;
  }

  #leavesAt(index: number): number {
    return (index + 1) * this.#widthMs + this.#lengthMs;
  }
}
