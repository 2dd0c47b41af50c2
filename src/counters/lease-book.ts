import type { Charge, Limit } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";
import { Lease } from "./lease.js";

/** The leases of a node, by limit and key. */
export class LeaseBook {
  readonly #leases = new Map<string, Map<string, Lease>>();
  readonly #maxLeases: number;
  /** Called with the leases that make room for others. */
  readonly #onEvicted: (leases: readonly Lease[]) => void;
  #size = 0;

  constructor(maxLeases: number, onEvicted: (leases: readonly Lease[]) => void) {
    this.#maxLeases = maxLeases;
    this.#onEvicted = onEvicted;
  }

  get size(): number {
    return this.#size;
  }

  /** The lease of the charge's counter, with the limit as it is now. */
  get(charge: Charge, now: EpochMs): Lease {
    const { limit, key } = charge;
    const known = this.#leases.get(limit.id)?.get(key);
    if (known) {
      if (known.limit !== limit) known.adopt(limit);
      return known;
    }
    if (this.#size >= this.#maxLeases) this.#makeRoom(now);
    const lease = new Lease(charge, now);
    const leases = this.#leases.get(limit.id);
    if (leases) leases.set(key, lease);
    else this.#leases.set(limit.id, new Map([[key, lease]]));
    this.#size++;
    return lease;
  }

  /** The lease of a counter, if there is one. */
  find(limit: Limit, key: string): Lease | undefined {
    return this.#leases.get(limit.id)?.get(key);
  }

  *all(): Iterable<Lease> {
    for (const leases of this.#leases.values()) yield* leases.values();
  }

  /** Forgets the leases with which nothing is lost. */
  sweep(now: EpochMs): void {
    for (const lease of this.all()) if (lease.isOver(now)) this.#delete(lease);
    for (const [id, leases] of this.#leases) if (leases.size === 0) this.#leases.delete(id);
  }

  /** For one more, and for a batch of others, so that it is rare. They go from the limit that has the most. */
  #makeRoom(now: EpochMs): void {
    this.sweep(now);
    const surplus = this.#size + 1 - this.#maxLeases;
    if (surplus <= 0) return;
    const [first, ...others] = this.#leases.values();
    if (!first) return;
    const fullest = others.reduce((most, leases) => (leases.size > most.size ? leases : most), first);
    const evicted = [...fullest.values()].slice(0, surplus + Math.floor(this.#maxLeases / 100));
    for (const lease of evicted) this.#delete(lease);
    this.#onEvicted(evicted);
  }

  #delete({ limit, key }: Lease): void {
    if (this.#leases.get(limit.id)?.delete(key)) this.#size--;
  }
}
