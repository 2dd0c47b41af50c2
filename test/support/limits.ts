import type { Charge, Level, Limit, Unit } from "../../src/policy/limit.js";
import { parseWindow, type Window } from "../../src/policy/window.js";

/** A limit for tests; what is not given is `5 requests per minute` at the API level. */
export function limitOf(parts: Partial<Limit> & { readonly per?: string } = {}): Limit {
  const { per = "minute", ...given } = parts;
  const window: Window = parseWindow(per) ?? { count: 1, period: "minute" };
  const level: Level = given.level ?? "api";
  const unit: Unit = given.unit ?? "requests";
  const scope = given.scope ?? "orders/v1";
  return { id: `${level}:${scope}:${unit}:${per}`, level, scope, unit, max: 5, window, ...given };
}

export function chargeOf(limit: Limit, amount = 1, key = ""): Charge {
  return { limit, key, amount };
}
