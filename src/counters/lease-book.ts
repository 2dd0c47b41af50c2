import type { Charge, Limit } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";
import { Lease } from "./lease.js";

/** The leases of a node, by limit and key. */
export class LeaseBook {
  readonly #leases = new Map<string, Map<string, Lease>>();
  readonly #maxLeases: number;
  /** Called with a lease that makes room for another. */
  readonly #onEvicted: (lease: Lease) => void;
  #size = 0;

  constructor(maxLeases: number, onEvicted: (lease: Lease) => void) {
    this.#maxLeases = maxLeases;
    this.#onEvicted = onEvicted;
  }

  get size(): number {
    return this.#size;
  }

  /** The lease of the charge's counter, with the limit as it is now. */
  get(charge: Charge, now: EpochMs): Lease {
    const { limit, key } = charge;
    let leases = this.#leases.get(limit.id);
    if (!leases) {
      leases = new Map();
      this.#leases.set(limit.id, leases);
    }
    const known = leases.get(key);
    if (known) {
      if (known.limit !== limit) known.adopt(limit);
      return known;
    }
    const lease = new Lease(charge, now);
    leases.set(key, lease);
    this.#size++;
    if (this.#size > this.#maxLeases) this.#makeRoom(now);
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

  /** A batch at a time, so that it is rare. The newest stay: one of them is being asked for. */
  #makeRoom(now: EpochMs): void {
    this.sweep(now);
    let surplus = this.#size - this.#maxLeases;
    if (surplus <= 0) return;
    surplus += Math.floor(this.#maxLeases / 100);
    for (const lease of this.all()) {
      if (surplus-- <= 0 || this.#size === 1) break;
      this.#delete(lease);
      this.#onEvicted(lease);
    }
  }

  #delete({ limit, key }: Lease): void {
    if (this.#leases.get(limit.id)?.delete(key)) this.#size--;
  }
}
