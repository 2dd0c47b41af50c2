import type { Adjustment } from "../counters/store.js";
import type { Gate } from "../decision/gate.js";
import type { Amounts } from "../policy/amounts.js";
import type { Charge } from "../policy/limit.js";
import { ofModel, settleCharges } from "../policy/select.js";
import type { CounterRef } from "./metadata.js";
import type { HoldRef } from "./reservation.js";

/** Amounts by unit, as far as they are known. */
type Known = Readonly<Partial<Amounts & { readonly bytes: number }>>;

/**
 * Charges what a request turned out to cost to those of its counters that count it. The policy may have changed
 * since the decision: a limit that is gone is skipped. Returns whether there was one to charge.
 */
export async function settle(gate: Gate, counters: readonly CounterRef[], used: Known): Promise<boolean> {
  const charges = settleCharges(known(gate, counters), used);
  if (charges.length === 0) return false;
  await gate.store.add(charges, gate.now());
  return true;
}

/**
 * Charges limits on models with the passing of a request that has passed already.
 *
 * @param model that answered
 * @param charged as a request for which model it was charged before; undefined where it was not
 */
export async function settleDeferred(
  gate: Gate,
  counters: readonly CounterRef[],
  model: string | null,
  charged?: string | null,
): Promise<void> {
  const all = known(gate, counters);
  const before = new Set(charged === undefined ? [] : ofModel(all, charged));
  const charges = ofModel(all, model)
    .filter((charge) => !before.has(charge))
    .map((charge) => ({ ...charge, amount: 1 }));
  if (charges.length > 0) await gate.store.add(charges, gate.now());
}

/** What an exchange with a model came to. */
export interface Settlement {
  /** The model that was asked for: limits of other models do not count it. */
  readonly model: string | null;
  readonly holds: readonly HoldRef[];
  readonly used: Amounts;
  /** Whether what is held stays, where less was used. */
  readonly keepsHolds: boolean;
}

/**
 * Charges what an exchange with a model used: what was held for it is corrected in the window that it was taken in, and
 * limits that hold nothing are charged now. Returns what that comes to for each limit.
 */
export async function settleUsage(
  gate: Gate,
  counters: readonly CounterRef[],
  { model, holds, used, keepsHolds }: Settlement,
): Promise<readonly Charge[]> {
  const charges: Charge[] = [];
  const adjustments: Adjustment[] = [];
  const additions: Charge[] = [];
  for (const charge of settleCharges(ofModel(known(gate, counters), model), used)) {
    const { limit, key } = charge;
    const hold = holds.find((held) => held.limit === limit.id && held.key === key);
    const amount = hold && keepsHolds ? Math.max(charge.amount, hold.amount) : charge.amount;
    charges.push({ limit, key, amount });
    if (!hold) additions.push(charge);
    else if (amount !== hold.amount) {
      adjustments.push({ limit, key, charged: hold.amount, by: amount - hold.amount, slot: hold.slot });
    }
  }
  const now = gate.now();
  await Promise.all([
    additions.length > 0 ? gate.store.add(additions, now) : null,
    adjustments.length > 0 ? gate.store.adjust(adjustments, now) : null,
  ]);
  return charges;
}

function known({ policy }: Gate, counters: readonly CounterRef[]): Charge[] {
  return counters.flatMap(({ limit: id, key }): Charge[] => {
    const limit = policy.limits.get(id);
    return limit ? [{ limit, key, amount: 0 }] : [];
  });
}
