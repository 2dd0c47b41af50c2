import type { Gate } from "../decision/gate.js";
import type { Charge } from "../policy/limit.js";
import { type Amounts, settleCharges } from "../policy/select.js";
import type { CounterRef } from "./metadata.js";

/**
 * Charges what a request turned out to cost to those of its counters that count it. The policy may have changed
 * since the decision: a limit that is gone is skipped. Returns whether there was one to charge.
 */
export async function settle(gate: Gate, counters: readonly CounterRef[], used: Amounts): Promise<boolean> {
  const known = counters.flatMap(({ limit: id, key }): Charge[] => {
    const limit = gate.policy.limits.get(id);
    return limit ? [{ limit, key, amount: 0 }] : [];
  });
  const charges = settleCharges(known, used);
  if (charges.length === 0) return false;
  await gate.store.add(charges, gate.now());
  return true;
}
