import { type Charge, hasRoom, type Limit, type Standing } from "../policy/limit.js";
import { type EpochMs, type Span, spanAt } from "../policy/window.js";
import type { CounterStore, Outcome } from "./store.js";

/** All counters of one limit in its running window. They end together, so they are dropped together. */
interface Ledger {
  span: Span;
  counts: Map<string, number>;
}

export interface MemoryStoreOptions {
  /** Counters held at the most; above it the oldest of the fullest limit make room, and are counted. */
  readonly maxCounters: number;
}

/**
 * Counters of this node alone, exact and without I/O: a charge is checked and made in one turn of the event
 * loop. Counters outlive a reload of the policy because ledgers are found by {@link Limit.id}.
 */
export class MemoryStore implements CounterStore {
  readonly #ledgers = new Map<string, Ledger>();
  readonly #maxCounters: number;
  #counters = 0;
  #evictions = 0;

  constructor({ maxCounters }: MemoryStoreOptions) {
    this.#maxCounters = maxCounters;
  }

  /** Counters held now, those of ended windows included until they are swept. */
  get counters(): number {
    return this.#counters;
  }

  /** Counters of running windows that were forgotten for want of room: each may let its limit be exceeded. */
  get evictions(): number {
    return this.#evictions;
  }

  async charge(charges: readonly Charge[], now: EpochMs): Promise<Outcome> {
    let admitted = true;
    const standings: Standing[] = [];
    for (const charge of charges) {
      const ledger = this.#ledgerAt(charge.limit, now);
      const used = ledger.counts.get(charge.key) ?? 0;
      if (!hasRoom(charge, used)) admitted = false;
      standings.push({ charge, used, resetAt: ledger.span.end });
    }
    if (admitted) for (const charge of charges) this.#add(charge, now);
    return { admitted, standings };
  }

  async add(charges: readonly Charge[], now: EpochMs): Promise<void> {
    for (const charge of charges) this.#add(charge, now);
  }

  #add({ limit, key, amount }: Charge, now: EpochMs): void {
    if (amount === 0) return;
    const { counts } = this.#ledgerAt(limit, now);
    const used = counts.get(key);
    if (used === undefined) this.#makeRoom(now);
    counts.set(key, (used ?? 0) + amount);
    if (used === undefined) this.#counters++;
  }

  /** A clock that steps back stays in the window that it had reached: counts are never opened twice. */
  #ledgerAt(limit: Limit, now: EpochMs): Ledger {
    const ledger = this.#ledgers.get(limit.id);
    if (ledger === undefined) {
      const opened = { span: spanAt(limit.window, now), counts: new Map<string, number>() };
      this.#ledgers.set(limit.id, opened);
      return opened;
    }
    if (now >= ledger.span.end) {
      this.#counters -= ledger.counts.size;
      ledger.counts = new Map();
      ledger.span = spanAt(limit.window, now);
    }
    return ledger;
  }

  #makeRoom(now: EpochMs): void {
    if (this.#counters < this.#maxCounters) return;
    this.sweep(now);
    if (this.#counters >= this.#maxCounters) this.#evict();
  }

  /** Forgets the counters whose windows have ended. */
  sweep(now: EpochMs): void {
    for (const [id, ledger] of this.#ledgers) {
      if (now < ledger.span.end) continue;
      this.#counters -= ledger.counts.size;
      this.#ledgers.delete(id);
    }
  }

  /** Takes a batch at a time, so that the search for the fullest ledger is rare. */
  #evict(): void {
    let fullest: Map<string, number> | null = null;
    for (const { counts } of this.#ledgers.values()) {
      if (fullest === null || counts.size > fullest.size) fullest = counts;
    }
    if (fullest === null) return;
    let batch = Math.max(1, Math.floor(this.#maxCounters / 100));
    for (const key of fullest.keys()) {
      if (batch-- === 0) break;
      fullest.delete(key);
      this.#counters--;
      this.#evictions++;
    }
  }
}
