import { formatWindow, type Span, spanAt, type Window } from "../../src/policy/window.js";
import { limitOf, windowOf } from "../support/limits.js";
import { FAIR, type Weather } from "./line.js";
import { makeFaults } from "./make-faults.js";
import type { NodePlan } from "./node.js";
import { Random } from "./random.js";
import { type Kind, kinds, type LimitPlan, type Scenario } from "./scenario.js";

/** Moments at which windows end: of a minute, of an hour, of a day and month here or there, of a day of 23 hours. */
const BOUNDARIES = [
  Date.UTC(2026, 4, 5, 12, 34),
  Date.UTC(2026, 4, 5, 13),
  Date.UTC(2026, 1, 1),
  Date.UTC(2026, 0, 31, 23),
  Date.UTC(2026, 2, 29, 22),
];

const PER = ["second", "second", "2 seconds", "minute", "hour", "day", "month"];
const SLIDING_PER = ["sliding second", "sliding 2 seconds", "sliding 10 seconds", "sliding minute"];
const windows = [...PER, ...SLIDING_PER].map((per) => windowOf(per));
const calendars = ["day", "month"].map((per) => remembered(windowOf(per, "Europe/Berlin")));

/** Runs go over the same few days of a time zone again and again, and it takes long to find one. */
function remembered(window: Window): Window {
  const spans: Span[] = [];
  const find = (_count: number, now: number) => {
    let span = spans.find(({ start, end }) => start <= now && now < end);
    if (!span) {
      span = spanAt(window, now);
      spans.push(span);
    }
    return span;
  };
  return { ...window, calendar: { ...window.calendar, daysAt: find, monthsAt: find } };
}

const OVERLOAD_EVERY = 50;
const others = kinds.filter((kind) => kind !== "overload");

/** Kinds take turns; the one with the most requests seldom has its own. */
export function kindOf(seed: number): Kind {
  return seed % OVERLOAD_EVERY === 0 ? "overload" : (others[seed % others.length] as Kind);
}

/** A seed decides all of a run. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  const kind = kindOf(seed);
  return kind === "overload" ? overload(seed, random) : mixed(seed, kind, random);
}

function mixed(seed: number, kind: Kind, random: Random): Scenario {
  const isCrowded = kind === "crowded";
  const weather = weatherOf(kind, random);
  const durationMs = random.between(1_500, 6_000);
  const requests = random.whole(40, 300);
  const nodes = Array.from({ length: random.whole(1, 5) }, () => nodeOf(random, isCrowded));
  const users = isCrowded ? random.pick([10, 40, 150]) : random.whole(1, 4);
  const limits: LimitPlan[] = [];
  const count = random.whole(1, 4);
  while (limits.length < count) limits.push(limitPlan(random, limits.length, requests, durationMs, users));
  const all = limits.map((_, i) => i);
  const some = all.filter((i) => i === 0 || random.chance(0.5));
  return {
    ...{ seed, kind, limits, nodes, users },
    apis: random.chance(0.5) ? [all] : [all, some],
    startsAt: random.pick(BOUNDARIES) - random.between(0.1, 1.2) * durationMs,
    deadlineMs: random.pick([25, 50, 200]),
    weather,
    amounts: random.chance(0.8) ? [1] : [1, 1, 2, 3],
    arrivals: arrivals(random, requests, durationMs, isCrowded ? 150 : 20),
    quietFromMs: durationMs,
    endsAtMs: durationMs + (weather === FAIR ? 1_500 : 6_500),
    faults: makeFaults(kind, random, durationMs, nodes.length, limits),
  };
}

/** All is well, and more comes than the limits admit, evenly and at every node. */
function overload(seed: number, random: Random): Scenario {
  const nodes = Array.from({ length: random.whole(1, 5) }, () => nodeOf(random, false));
  const max = random.pick([20, 100, 1_000]);
  const limit = limitOf({ max, per: random.pick(["second", "2 seconds"]), scope: "0" });
  const durationMs = 3_500;
  const perMs = (random.between(1.5, 3) * max) / (limit.window.count * 1_000);
  const arrivals = Array.from({ length: Math.floor(durationMs * perMs) }, (_, i) => i / perMs);
  return {
    ...{ seed, kind: "overload", nodes, arrivals, users: 1, amounts: [1], deadlineMs: 50, weather: FAIR },
    limits: [{ limit, perUser: false, holds: false }],
    apis: [[0]],
    startsAt: (BOUNDARIES[0] as number) - 500,
    quietFromMs: durationMs,
    endsAtMs: durationMs + 500,
    faults: [],
  };
}

function nodeOf(random: Random, isCrowded: boolean): NodePlan {
  return {
    mode: random.chance(0.7) ? "leased" : "strict",
    strictUpTo: random.pick([0, 0, 10, 100]),
    maxLeases: isCrowded && random.chance(0.7) ? random.whole(8, 30) : 10_000,
    aheadMs: random.chance(0.5) ? 0 : random.between(-8_000, 8_000),
  };
}

/** So large that what comes is from half of it to several times as much. */
function limitPlan(
  random: Random,
  index: number,
  requests: number,
  durationMs: number,
  users: number,
): LimitPlan {
  const isTokens = index > 0 && random.chance(0.4);
  const window = random.pick(random.chance(0.2) ? calendars : windows);
  const perUser = random.chance(0.4);
  const lengthMs = window.count * ({ second: 1_000 }[window.period as string] ?? durationMs);
  const share = (requests / (perUser ? users : 1)) * Math.min(1, lengthMs / durationMs);
  const most = (share / random.pick([0.5, 1, 1.5, 3, 6])) * (isTokens ? 20 : 1);
  const scope = `${index}`;
  const unit = isTokens ? "totalTokens" : "requests";
  const base = limitOf({ scope, unit, max: Math.max(1, Math.round(most)), enforced: random.chance(0.8) });
  const id = `${scope} ${unit} ${formatWindow(window)}`;
  return { limit: { ...base, window, id }, perUser, holds: isTokens && random.chance(0.6) };
}

function weatherOf(kind: Kind, random: Random): Weather {
  if (kind === "calm" || kind === "restarts" || kind === "crowded" || kind === "overload") return FAIR;
  const ordered = random.chance(0.5);
  if (kind === "slow" || (kind !== "storm" && random.chance(0.3)))
    return { ...FAIR, ordered, meanMs: random.between(1, 40), long: 0.05, longMs: random.between(50, 3_000) };
  if (kind === "clocks" || kind === "reloads")
    return { ...FAIR, ordered, meanMs: random.between(0.1, 20), long: 0.02, longMs: 60 };
  return {
    ...{ ordered, leastMs: 0.05, meanMs: random.between(0.2, 30) },
    ...{ long: random.between(0, 0.1), longMs: random.between(100, 2_500) },
    ...{ lostRequests: random.between(0, 0.15), lostReplies: random.between(0, 0.15) },
    breaksAfterMs: random.between(50, 2_000),
  };
}

/** Busy phases with idle ones between them; some come one by one, some many at once. */
function arrivals(random: Random, requests: number, durationMs: number, mostAtOnce: number): number[] {
  const phases = random.whole(1, 4);
  const phaseMs = durationMs / phases;
  const times: number[] = [];
  for (let phase = 0; phase < phases; phase++) {
    const from = phase * phaseMs;
    const busyMs = phaseMs * random.between(0.3, 1);
    const atOnce = random.pick([1, 1, 3, mostAtOnce]);
    for (let left = requests / phases; left > 0; left -= atOnce) {
      const at = from + random.between(0, busyMs);
      for (let i = 0; i < Math.min(atOnce, left); i++) times.push(at);
    }
  }
  return times.sort((a, b) => a - b);
}
