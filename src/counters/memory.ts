import { type Charge, denies, hasRoom, type Limit, type Standing } from "../policy/limit.js";
import { type EpochMs, windowLengthMs } from "../policy/window.js";
import { FixedLedger } from "./fixed-ledger.js";
import type { Ledger } from "./ledger.js";
import { SlidingLedger } from "./sliding-ledger.js";
import type { Adjustment, Counted, CounterStore } from "./store.js";

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
  #evictions = 0;
  /** At least as many as there are: those that end unseen are taken off at the next sweep. */
  #counters = 0;

  constructor({ maxCounters }: MemoryStoreOptions) {
    this.#maxCounters = maxCounters;
  }

  /** Counters held now, those that have ended included until they are swept. */
  get counters(): number {
    let counters = 0;
    for (const ledger of this.#ledgers.values()) counters += ledger.size;
    return counters;
  }

  /** Counters in use that were forgotten for want of room: each may let its limit be exceeded. */
  get evictions(): number {
    return this.#evictions;
  }

  charge(charges: readonly Charge[], now: EpochMs): Counted {
    let admitted = true;
    const standings: Standing[] = [];
    for (const charge of charges) {
      const ledger = this.#ledgerOf(charge.limit, now);
      const used = ledger.used(charge.key, now);
      if (denies(charge, used)) admitted = false;
      const resetAt = ledger.resetAt(charge, used, now);
      standings.push({ charge, used, resetAt, slot: ledger.slot(charge.key, now) });
    }
    if (!admitted) return { kind: "counted", admitted, standings };
    for (const { charge, used } of standings) if (hasRoom(charge, used)) this.#add(charge, now);
    return { kind: "counted", admitted, standings };
  }

  add(charges: readonly Charge[], now: EpochMs): void {
    for (const charge of charges) this.#add(charge, now);
  }

  adjust(adjustments: readonly Adjustment[], now: EpochMs): void {
    for (const { limit, key, by, slot } of adjustments)
      if (by !== 0) this.#count(limit, now, (ledger) => ledger.adjust(key, by, slot, now));
  }

  /** Forgets the counters that have ended. */
  sweep(now: EpochMs): void {
    for (const [id, ledger] of this.#ledgers) {
      ledger.sweep(now);
      if (ledger.size === 0) this.#ledgers.delete(id);
    }
    this.#counters = this.counters;
  }

  #add({ limit, key, amount }: Charge, now: EpochMs): void {
    if (amount > 0) this.#count(limit, now, (ledger) => ledger.add(key, amount, now));
  }

  /** Counts in a limit's ledger, which may make a counter, and has others make room for it. */
  #count(limit: Limit, now: EpochMs, change: (ledger: Ledger) => void): void {
    // Not kept from the check: room made for one charge may have dropped the still empty ledger of the next.
    const ledger = this.#ledgerOf(limit, now);
    const before = ledger.size;
    change(ledger);
    if (ledger.size > before) {
      this.#counters++;
      if (this.#counters > this.#maxCounters) this.#makeRoom(now);
    }
  }

  #ledgerOf(limit: Limit, now: EpochMs): Ledger {
    let ledger = this.#ledgers.get(limit.id);
    if (!ledger) {
      ledger = openLedger(limit, now);
      this.#ledgers.set(limit.id, ledger);
    }
    return ledger;
  }

  /** Evicts a batch at a time, so that the search for the fullest ledger is rare. */
  #makeRoom(now: EpochMs): void {
    this.sweep(now);
    if (this.#counters <= this.#maxCounters) return;
    const [first, ...others] = this.#ledgers.values();
    if (!first) return;
    const fullest = others.reduce((most, ledger) => (ledger.size > most.size ? ledger : most), first);
    const evicted = fullest.evict(Math.max(1, Math.floor(this.#maxCounters / 100)));
    this.#evictions += evicted;
    this.#counters -= evicted;
  }
}

function openLedger({ window }: Limit, now: EpochMs): Ledger {
  const lengthMs = windowLengthMs(window);
  return window.kind === "sliding" && lengthMs !== null
    ? new SlidingLedger(lengthMs)
    : new FixedLedger(window, now);
}
