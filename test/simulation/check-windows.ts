import { spanAt, windowLengthMs } from "../../src/policy/window.js";
import type { Asked, History } from "./history.js";

/** A unit that was admitted, at one unknown moment of an interval of Redis's clock. */
interface Unit {
  readonly from: number;
  readonly to: number;
}

/** Looks only at who was admitted when: whether there is a window that holds more than it may. */
export function overfullWindows(history: History): string[] {
  const { limits } = history.scenario;
  return [...admittedBy(history)].flatMap(([counter, { limit, units }]) => {
    const { window } = limits[limit]?.limit ?? {};
    const lengthMs = window?.kind === "sliding" ? windowLengthMs(window) : null;
    const bound = (from: number, to: number) => largestInForce(history, limit, from, to);
    const found = !window
      ? "there is no such limit"
      : lengthMs === null
        ? overfullFixed(units, (at) => spanAt(window, at), bound)
        : overfullSliding(units, lengthMs, bound);
    return found === null ? [] : [`${counter}: ${found}`];
  });
}

type Bound = (from: number, to: number) => number;

/** Fills window after window, those first that can be in no later one: if that fails, nothing else does not. */
function overfullFixed(
  units: readonly Unit[],
  spanOf: (at: number) => { readonly start: number; readonly end: number },
  bound: Bound,
): string | null {
  const sorted = [...units].sort((a, b) => a.from - b.from);
  let waiting: Unit[] = [];
  let next = 0;
  let at = sorted[0]?.from ?? 0;
  while (next < sorted.length || waiting.length > 0) {
    if (waiting.length === 0) at = Math.max(at, sorted[next]?.from ?? at);
    const { start, end } = spanOf(at);
    for (let unit = sorted[next]; unit && unit.from < end; unit = sorted[++next]) waiting.push(unit);
    waiting.sort((a, b) => a.to - b.to);
    const max = bound(start, end);
    const must = waiting.filter(({ to }) => to < end).length;
    if (must > max) return `${must} admitted of ${max} from ${start} to ${end}`;
    waiting = waiting.slice(Math.max(0, max));
    at = end;
  }
  return null;
}

/** Of all intervals of the window's length it is enough to look at those that begin with a unit. */
function overfullSliding(units: readonly Unit[], lengthMs: number, bound: Bound): string | null {
  const sorted = [...units].sort((a, b) => a.from - b.from);
  for (const [i, { from }] of sorted.entries()) {
    const end = from + lengthMs;
    let inside = 0;
    for (let j = i; j < sorted.length; j++) {
      const unit = sorted[j] as Unit;
      if (unit.from >= end) break;
      if (unit.to < end) inside++;
    }
    const max = bound(from, end);
    if (inside > max) return `${inside} admitted of ${max} in the ${lengthMs} ms from ${from}`;
  }
  return null;
}

function admittedBy(history: History): Map<string, { readonly limit: number; readonly units: Unit[] }> {
  const counters = new Map<string, { readonly limit: number; readonly units: Unit[] }>();
  const givenBack = new Map(history.corrected.map(({ of, by }) => [of, Math.max(0, -by)]));
  for (const asked of history.asked) {
    if (!asked.admitted || asked.answeredMs === null) continue;
    for (const charged of asked.charged) {
      const { limit, counter, amount, hadRoom } = charged;
      if (!hadRoom) continue;
      let of = counters.get(counter);
      if (!of) {
        of = { limit, units: [] };
        counters.set(counter, of);
      }
      const unit = intervalOf(history, asked, limit);
      // What was given back need not have kept any other out.
      for (let i = givenBack.get(charged) ?? 0; i < amount; i++) of.units.push(unit);
    }
  }
  return counters;
}

/** When it may have been counted, by Redis's clock as it is, or as a node knows it that has not heard of a step. */
function intervalOf({ redis, scenario }: History, { askedMs, answeredMs }: Asked, limit: number): Unit {
  const { window } = scenario.limits[limit]?.limit ?? {};
  const lengthMs = Math.min((window && windowLengthMs(window)) ?? Infinity, scenario.endsAtMs);
  const toMs = answeredMs ?? askedMs;
  const from = redis.earliestIn(askedMs, toMs) - redis.skippedMs(askedMs - lengthMs, toMs);
  return { from: Math.floor(from), to: Math.floor(redis.furthestAt(toMs)) };
}

/** The largest number in force anywhere between two moments of Redis's clock, calls that were under way included. */
export function largestInForce(
  { inForce, scenario, redis }: History,
  limit: number,
  from: number,
  to: number,
): number {
  const slackMs = redis.unsteadyMs + 2;
  const fromMs = from - scenario.startsAt - slackMs - scenario.deadlineMs;
  const toMs = to - scenario.startsAt + slackMs;
  const there = inForce.filter((one) => one.limit === limit && one.toMs > fromMs && one.fromMs < toMs);
  return Math.max(0, ...there.map(({ max }) => max));
}
