import type { CounterStore } from "../counters/store.js";
import { calendarOf } from "../policy/calendar.js";
import type { Limit } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";

/** Anything may be claimed once in so long: of two who know of an exchange, one may see it end long after the other. */
const once: Limit = {
  id: "weir:claims",
  level: "gateway",
  scope: "claims",
  unit: "requests",
  max: 1,
  model: null,
  window: { kind: "sliding", count: 10, period: "minute", calendar: utc() },
  enforced: true,
};

/**
 * Whether the caller is the first to claim `id`, of all nodes that share the counters; null where they cannot be asked.
 * For what two may see the end of and only one may charge.
 */
export async function claim(store: CounterStore, id: string, now: EpochMs): Promise<boolean | null> {
  const { kind, admitted } = await store.charge([{ limit: once, key: id, amount: 1 }], now);
  return kind === "counted" ? admitted : null;
}

function utc() {
  const calendar = calendarOf("UTC");
  if (!calendar) throw new Error("there is no UTC");
  return calendar;
}
