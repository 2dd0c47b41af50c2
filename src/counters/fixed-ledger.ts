import type { Charge } from "../policy/limit.js";
import { type EpochMs, type Span, spanAt, type Window } from "../policy/window.js";
import { evictOldest } from "./evict.js";
import type { Ledger } from "./ledger.js";

/** Counters of a fixed window. They all end together, so they are dropped together. */
export class FixedLedger implements Ledger {
  readonly #window: Window;
  #span: Span;
  #counts = new Map<string, number>();

  constructor(window: Window, now: EpochMs) {
    this.#window = window;
    this.#span = spanAt(window, now);
  }

  get size(): number {
    return this.#counts.size;
  }

  used(key: string, now: EpochMs): number {
    this.#turn(now);
    return this.#counts.get(key) ?? 0;
  }

  resetAt({ key }: Charge, _used: number, now: EpochMs): EpochMs {
    return this.slot(key, now);
  }

  slot(_key: string, now: EpochMs): EpochMs {
    this.#turn(now);
    return this.#span.end;
  }

  add(key: string, amount: number, now: EpochMs): void {
    this.#turn(now);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + amount);
  }

  adjust(key: string, by: number, slot: EpochMs, now: EpochMs): void {
    this.#turn(now);
    if (slot !== this.#span.end) return;
    const count = (this.#counts.get(key) ?? 0) + by;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }

  sweep(now: EpochMs): void {
    if (now >= this.#span.end && this.#counts.size > 0) this.#counts = new Map();
  }

  evict(count: number): number {
    return evictOldest(this.#counts, count);
  }

  /** A clock that steps back stays in the window that it had reached: counts are never opened twice. */
  #turn(now: EpochMs): void {
    if (now < this.#span.end) return;
    this.#span = spanAt(this.#window, now);
    if (this.#counts.size > 0) this.#counts = new Map();
  }
}
