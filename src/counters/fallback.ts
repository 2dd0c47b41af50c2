import type { Charge, Limit } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";
import type { MemoryStore } from "./memory.js";
import { slotLeavesAt } from "./slot.js";
import { type Adjustment, type CounterStore, type Outcome, StoreUnreachable } from "./store.js";

/** What becomes of requests that cannot be counted: this node's share of each limit, all, or nothing. */
export const onErrors = ["local", "allow", "deny"] as const;
export type OnError = (typeof onErrors)[number];

export interface FallbackStoreOptions {
  readonly store: CounterStore;
  readonly onError: OnError;
  /** What this node counts for itself meanwhile. */
  readonly local: MemoryStore;
  /** Nodes among which each limit is divided. */
  readonly nodes: () => number;
  readonly reachable: () => boolean;
}

/**
 * A store that may be out of reach, and what is done then. Nothing is charged to it afterwards. The slots of what this
 * node counts for itself are told negative: that is how a correction finds its way.
 */
export class FallbackStore implements CounterStore {
  readonly #options: FallbackStoreOptions;
  readonly #shares = new WeakMap<Limit, Limit>();
  #fallbacks = 0;

  constructor(options: FallbackStoreOptions) {
    this.#options = options;
  }

  /** Decisions made without the store so far. */
  get fallbacks(): number {
    return this.#fallbacks;
  }

  charge(charges: readonly Charge[], now: EpochMs): Outcome | Promise<Outcome> {
    const outcome = this.#options.store.charge(charges, now);
    if (!(outcome instanceof Promise)) return outcome;
    return outcome.catch((error: unknown) => {
      if (error instanceof StoreUnreachable) return this.#without(charges, now);
      throw error;
    });
  }

  add(charges: readonly Charge[], now: EpochMs): void | Promise<void> {
    const { store, onError, local, reachable } = this.#options;
    if (onError === "local" && !reachable()) local.add(this.#shared(charges), now);
    return store.add(charges, now);
  }

  /**
   * What this node counted for itself, the store has never heard of: it is told all that was used, as long as the window
   * lasts.
   */
  async adjust(adjustments: readonly Adjustment[], now: EpochMs): Promise<void> {
    const { store, local } = this.#options;
    const own = adjustments.filter(({ slot }) => slot < 0);
    const others = adjustments.filter(({ slot }) => slot >= 0);
    local.adjust(
      own.map((one) => ({ ...one, slot: -one.slot })),
      now,
    );
    const used = own
      .filter(({ limit, slot }) => now < slotLeavesAt(limit.window, -slot))
      .map(({ limit, key, charged, by }) => ({ limit, key, amount: charged + by }));
    await Promise.all([store.add(used, now), store.adjust(others, now)]);
  }

  #without(charges: readonly Charge[], now: EpochMs): Outcome {
    this.#fallbacks++;
    const { onError, local } = this.#options;
    switch (onError) {
      case "allow":
        return { kind: "uncounted", admitted: true };
      case "deny":
        return { kind: "uncounted", admitted: false };
      case "local": {
        const { admitted, standings } = local.charge(this.#shared(charges), now);
        const whole = standings.map(({ charge: { limit: share }, used, resetAt, slot }, i) => {
          const charge = charges[i] as Charge;
          // What the others may have used is taken as used: what remains is what remains of the share.
          return { charge, used: charge.limit.max - share.max + used, resetAt, slot: -slot };
        });
        return { kind: "counted", admitted, standings: whole };
      }
      default:
        return onError satisfies never;
    }
  }

  #shared(charges: readonly Charge[]): Charge[] {
    return charges.map((charge) => ({ ...charge, limit: this.#shareOf(charge.limit) }));
  }

  #shareOf(limit: Limit): Limit {
    const max = Math.max(1, Math.floor(limit.max / this.#options.nodes()));
    const known = this.#shares.get(limit);
    if (known?.max === max) return known;
    const share = { ...limit, max };
    this.#shares.set(limit, share);
    return share;
  }
}
