import { IDLE_MS, type Lease } from "./lease.js";
import type { Scheduler } from "./scheduler.js";
import type { Settlement, SharedCounters } from "./shared-counters.js";

/** What need not be asked at once is collected for so long, and asked in one call. */
const ROUND_MS = 20;
const UNREACHABLE_ROUND_MS = 100;
/** Counters in one call. */
const CALL_SIZE = 100;

export interface LeaseRoundsOptions {
  readonly shared: SharedCounters;
  readonly scheduler: Scheduler;
  /** The number of the last batch of used amounts that is on its way. */
  readonly lastBatch: () => number;
  /** What requests wait for now, by lease. */
  readonly needs: () => ReadonlyMap<Lease, number>;
  /** Called when a round was answered; `failed` when nothing is known of a part of it. */
  readonly onAnswered: (round: number, failed: boolean) => void;
}

/**
 * Settles leases with the shared counters, many in a call: at the end of this turn of the event loop where requests
 * wait, and else every {@link ROUND_MS} at the most.
 */
export class LeaseRounds {
  readonly #options: LeaseRoundsOptions;
  /** To be settled though nobody waits. */
  readonly #due = new Set<Lease>();
  /** With something in hand, to be looked after. */
  readonly #holding = new Set<Lease>();
  readonly #calls = new Set<Promise<void>>();
  #closed = false;
  #rounds = 0;
  #hurrying = false;
  #collecting = false;
  #trimming = false;

  constructor(options: LeaseRoundsOptions) {
    this.#options = options;
  }

  /** The number of the last round that was sent. */
  get last(): number {
    return this.#rounds;
  }

  /** Somebody waits. */
  hurry(): void {
    if (this.#hurrying) return;
    this.#hurrying = true;
    this.#options.scheduler.soon(() => {
      this.#hurrying = false;
      this.#send();
    });
  }

  /** Nobody waits yet. */
  collect(lease: Lease): void {
    this.#due.add(lease);
    if (this.#collecting) return;
    this.#collecting = true;
    const { shared, scheduler } = this.#options;
    scheduler.after(shared.reachable ? ROUND_MS : UNREACHABLE_ROUND_MS, () => {
      this.#collecting = false;
      this.#send();
    });
  }

  /** Gives back all that the leases hold. Resolves when that is told, or has failed. */
  async release(leases: Iterable<Lease>): Promise<void> {
    const { shared, scheduler } = this.#options;
    const now = scheduler.now();
    const settlements: Settlement[] = [];
    for (const lease of leases) {
      lease.release(now);
      settlements.push(...lease.farewell());
    }
    await Promise.all(chunks(settlements).map((part) => shared.settle(part)));
  }

  /** Draws no more, waits for what is under way, and then gives everything back. */
  async close(leases: Iterable<Lease>): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#calls);
    await this.release(new Set([...leases, ...this.#holding]));
  }

  #send(): void {
    if (this.#closed) return;
    const needs = this.#options.needs();
    const leases = new Set([...needs.keys(), ...this.#due].filter(({ busy }) => !busy));
    this.#due.clear();
    if (leases.size === 0) return;
    this.#rounds++;
    for (const part of chunks([...leases])) {
      const call = this.#call(part, needs, this.#rounds).finally(() => this.#calls.delete(call));
      this.#calls.add(call);
    }
  }

  async #call(leases: readonly Lease[], needs: ReadonlyMap<Lease, number>, round: number): Promise<void> {
    const { shared, scheduler, lastBatch, onAnswered } = this.#options;
    const sentAt = scheduler.now();
    const batch = lastBatch();
    for (const lease of leases) lease.busy = true;
    const settled = await shared.settle(leases.map((lease) => lease.settle(needs.get(lease) ?? 0, sentAt)));
    const now = scheduler.now();
    for (const [i, lease] of leases.entries()) {
      lease.answered(settled[i] ?? null, needs.get(lease) ?? 0, round, batch, sentAt, now);
      if (lease.held > 0) this.keep(lease);
      if (lease.owes) this.collect(lease);
    }
    onAnswered(round, settled.includes(null));
    for (const lease of leases) lease.served();
  }

  /** Looks after what is held until it is spent, or idle and given back. */
  keep(lease: Lease): void {
    this.#holding.add(lease);
    if (this.#trimming) return;
    this.#trimming = true;
    const { shared, scheduler } = this.#options;
    scheduler.after(IDLE_MS, () => {
      this.#trimming = false;
      const now = scheduler.now();
      const holding = [...this.#holding];
      this.#holding.clear();
      for (const lease of holding) {
        // What is given back to nobody would be lost; here it may still be spent.
        if (!lease.busy && shared.reachable) lease.trim(now);
        if (lease.isDue(now)) this.collect(lease);
        if (lease.busy || lease.held > 0 || lease.owes) this.keep(lease);
      }
    });
  }
}

function chunks<T>(items: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < items.length; i += CALL_SIZE) parts.push(items.slice(i, i + CALL_SIZE));
  return parts;
}
