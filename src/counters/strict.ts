import type { Charge } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";
import type { Outbox } from "./outbox.js";
import type { SharedCounters } from "./shared-counters.js";
import type { Adjustment, Counted, CounterStore } from "./store.js";

/** Asks the shared counters about every request: exact to the last one, for a round trip each. */
export class StrictStore implements CounterStore {
  readonly #shared: SharedCounters;
  readonly #outbox: Outbox;

  constructor(shared: SharedCounters, outbox: Outbox) {
    this.#shared = shared;
    this.#outbox = outbox;
  }

  async charge(charges: readonly Charge[], now: EpochMs): Promise<Counted> {
    // What has been used and could not be sent yet counts as well: it is taken off the number.
    const pending = charges.map(({ limit, key }) => this.#outbox.pending(limit, key, this.#outbox.sent));
    const asked = charges.map((charge, i) => without(charge, pending[i] ?? 0));
    const { at, admitted, standings } = await this.#shared.charge(asked);
    return {
      kind: "counted",
      admitted,
      standings: charges.map((charge, i) => {
        const { used = 0, resetAt = at, slot = 0 } = standings[i] ?? {};
        return { charge, used: used + (pending[i] ?? 0), resetAt: now + (resetAt - at), slot };
      }),
    };
  }

  add(charges: readonly Charge[], now: EpochMs): void {
    this.#outbox.put(charges, now);
  }

  adjust(adjustments: readonly Adjustment[], now: EpochMs): void {
    this.#outbox.adjust(adjustments, now);
  }
}

function without(charge: Charge, amount: number): Charge {
  if (amount === 0) return charge;
  return { ...charge, limit: { ...charge.limit, max: charge.limit.max - amount } };
}
