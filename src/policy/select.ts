import { meets } from "./condition.js";
import { boundedKey } from "./key-length.js";
import { type Charge, isUsageLimit, type Limit, type UsageUnit } from "./limit.js";
import type { LimitSet, Policy } from "./policy.js";
import type { Subject } from "./subject.js";

/**
 * Every charge that a request may make: those of all limits, of all levels, that match it, whatever model it is for.
 * {@link ofModel} leaves those of its model.
 */
export function selectCharges(policy: Policy, subject: Subject): Charge[] {
  const { api, resource, caller, environment } = subject;
  const charges: Charge[] = [];
  charge(charges, policy.gateway, "");
  if (api) chargeSet(charges, api.limits, subject);
  if (resource) chargeSet(charges, resource.limits, subject);
  if (api)
    charge(charges, caller ? caller.application.subscriptions.get(api.ref)?.limits : api.anonymous, "");
  if (caller) charge(charges, caller.application.limits, boundedKey(caller.user));
  for (const rule of policy.customRules) {
    const key = rule.key(subject);
    if (key !== null) charge(charges, rule.limits, key);
  }
  charge(charges, api?.backends?.[environment]?.limits, "");
  return charges;
}

/** Requests are charged as they come; what a request costs in tokens, money and bytes is not known yet. */
function charge(charges: Charge[], limits: readonly Limit[] | undefined, key: string): void {
  for (const limit of limits ?? []) charges.push({ limit, key, amount: limit.unit === "requests" ? 1 : 0 });
}

function chargeSet(charges: Charge[], { own, tier }: LimitSet, subject: Subject): void {
  charge(charges, own, "");
  if (!tier) return;
  const group = tier.groups.find(({ conditions }) =>
    conditions.every((condition) => meets(condition, subject)),
  );
  const key = tier.perUser ? boundedKey(subject.caller?.user ?? "") : "";
  charge(charges, group ? group.limits : tier.otherwise, key);
}

/**
 * The charges of a request for a model: those of limits on every model, and of limits on models that it is one of.
 *
 * @param model null where the request names none: of the limits on models only those on `*` count it
 */
export function ofModel(charges: readonly Charge[], model: string | null): Charge[] {
  return charges.filter(({ limit }) => limit.model === null || limit.model.matches(model));
}

/** The charges that are settled when the response has told its usage. */
export function usageCharges(charges: readonly Charge[]): Charge[] {
  return charges.filter(({ limit }) => isUsageLimit(limit));
}

/** The charges that are settled when Envoy has told how much was sent. */
export function byteCharges(charges: readonly Charge[]): Charge[] {
  return charges.filter(({ limit }) => limit.unit === "bytes");
}

/**
 * The same counters, charged with what was used.
 *
 * @param used what the request turned out to cost, as far as it is known
 */
export function settleCharges(
  charges: readonly Charge[],
  used: Readonly<Partial<Record<UsageUnit | "bytes", number>>>,
): Charge[] {
  return charges.flatMap(({ limit, key }) => {
    const amount = limit.unit === "requests" ? undefined : used[limit.unit];
    return amount === undefined ? [] : [{ limit, key, amount }];
  });
}
