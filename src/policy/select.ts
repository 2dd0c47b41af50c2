import { type Charge, isTokenLimit, type Limit, type Unit } from "./limit.js";
import type { Policy } from "./policy.js";
import type { Subject } from "./subject.js";

/** The charge of one request: one request, and no tokens yet. */
export function requestCharge(limit: Limit, key: string): Charge {
  return { limit, key, amount: limit.unit === "requests" ? 1 : 0 };
}

/** Every charge that a request makes: those of all limits, of all levels, that match it. */
export function selectCharges(policy: Policy, subject: Subject): Charge[] {
  const { api, resource, caller, environment } = subject;
  const charges = [...policy.gateway];
  if (api) charges.push(...api.charges);
  if (resource) charges.push(...resource.charges);
  if (caller) {
    const subscription = api && caller.application.subscriptions.get(api.ref);
    if (subscription) charges.push(...subscription.charges);
    for (const limit of caller.application.limits) charges.push(requestCharge(limit, caller.user));
  }
  for (const rule of policy.customRules) {
    const key = rule.key(subject);
    if (key === null) continue;
    for (const limit of rule.limits) charges.push(requestCharge(limit, key));
  }
  const backend = api?.backends?.[environment];
  if (backend) charges.push(...backend.charges);
  return charges;
}

/** The part of a request's charges that is settled when the response has told its usage. */
export function tokenCharges(charges: readonly Charge[]): Charge[] {
  return charges.filter((charge) => isTokenLimit(charge.limit));
}

/** Tokens of a response, as limits count them. */
export type TokenAmounts = Readonly<Record<Exclude<Unit, "requests">, number>>;

/** The same counters, charged with what a response used. */
export function settleCharges(charges: readonly Charge[], used: TokenAmounts): Charge[] {
  return charges.flatMap(({ limit, key }) =>
    isTokenLimit(limit) ? [{ limit, key, amount: used[limit.unit] }] : [],
  );
}
