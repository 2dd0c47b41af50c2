import { calendarOf } from "../../src/policy/calendar.js";
import type { Charge, Level, Limit, Unit } from "../../src/policy/limit.js";
import { formatWindow, parseWindow, type Window } from "../../src/policy/window.js";

/** A window for tests: `minute`, `sliding 5 minutes`. */
export function windowOf(text: string, timeZone = "UTC"): Window {
  const kind = text.startsWith("sliding ") ? "sliding" : "fixed";
  const length = parseWindow(text.replace("sliding ", ""));
  const calendar = calendarOf(timeZone);
  if (!length || !calendar) throw new Error(`no window: ${text} in ${timeZone}`);
  return { kind, ...length, calendar };
}

/** A limit for tests; what is not given is `5 requests per minute` at the API level. */
export function limitOf(parts: Partial<Omit<Limit, "window">> & { readonly per?: string } = {}): Limit {
  const { per = "minute", ...given } = parts;
  const window = windowOf(per);
  const level: Level = given.level ?? "api";
  const unit: Unit = given.unit ?? "requests";
  const scope = given.scope ?? "orders/v1";
  const id = `${level}:${scope}:${unit}:${formatWindow(window)}`;
  return { id, level, scope, unit, max: 5, model: null, window, enforced: true, ...given };
}

export function chargeOf(limit: Limit, amount = 1, key = ""): Charge {
  return { limit, key, amount };
}
