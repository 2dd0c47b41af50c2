import { spanAt } from "../../src/policy/window.js";
import { wrongCounters } from "./check-counters.js";
import { overdrawnHolds } from "./check-holds.js";
import { overfullWindows } from "./check-windows.js";
import type { Asked, History } from "./history.js";

/** A node reads its clock in whole milliseconds. */
const ROUNDING_MS = 1.001;
const SMALL = 100;
const LARGE = 1_000;

/** Everything that is wrong with a run. */
export function problemsOf(history: History): string[] {
  return [
    ...history.problems,
    ...overfullWindows(history),
    ...overdrawnHolds(history),
    ...wrongCounters(history),
    ...history.asked.flatMap((asked) => wrongAnswer(history, asked)),
    ...history.asked.flatMap((asked) => longWindows(history, asked)),
    ...(history.scenario.kind === "overload" ? unusedRoom(history) : []),
  ];
}

function wrongAnswer({ scenario, crashed }: History, asked: Asked): string[] {
  const { node, askedMs, answeredMs, stalledMs, admitted, charged } = asked;
  const name = `the request of ${askedMs} at ${node}`;
  if (answeredMs === null) return crashed.has(node) ? [] : [`${name} was never answered`];
  const waitedMs = answeredMs - askedMs - stalledMs;
  if (waitedMs > scenario.deadlineMs + ROUNDING_MS)
    return [`${name} waited for ${waitedMs} ms of ${scenario.deadlineMs}`];
  const full = charged.find(({ limit, hadRoom }) => !hadRoom && scenario.limits[limit]?.limit.enforced);
  return admitted && full ? [`${name} was admitted though ${full.counter} had no room`] : [];
}

/** Nobody is told to wait for longer than the window lasts, but for what nodes do not know of Redis's clock. */
function longWindows({ scenario, redis }: History, { node, askedMs, answeredMs, charged }: Asked): string[] {
  if (answeredMs === null) return [];
  const { meanMs, longMs } = scenario.weather;
  const delayMs = 2 * (20 * meanMs + longMs) + answeredMs - askedMs + ROUNDING_MS;
  const stalledMs = scenario.faults.reduce(
    (sum, fault) => sum + (fault.kind === "stall" ? fault.forMs : 0),
    0,
  );
  const unknownMs = delayMs + stalledMs + redis.unsteadyMs;
  const now = redis.furthestAt(answeredMs);
  return charged.flatMap(({ limit, counter, resetsInMs }) => {
    const { window } = scenario.limits[limit]?.limit ?? {};
    if (window?.kind !== "fixed" || resetsInMs <= unknownMs) return [];
    const leftMs = spanAt(window, Math.floor(now)).end - now;
    return resetsInMs <= leftMs + unknownMs
      ? []
      : [`${node} says at ${answeredMs} that ${counter} ends in ${resetsInMs} ms; it does in ${leftMs}`];
  });
}

/** Where more was asked for all the time than a window had, nearly all of it is used, and all of a small one. */
function unusedRoom({ scenario, redis, asked }: History): string[] {
  return scenario.limits.flatMap(({ limit: { id, window, max } }) => {
    const found: string[] = [];
    const last = redis.clockAt(scenario.quietFromMs);
    let { start, end } = spanAt(window, spanAt(window, scenario.startsAt).end);
    for (; end < last; { start, end } = spanAt(window, end)) {
      const admitted = asked.filter(
        (one) =>
          one.admitted &&
          redis.clockAt(one.askedMs) < end &&
          start <= redis.clockAt(one.answeredMs ?? one.askedMs),
      );
      const least = max <= SMALL ? max : max >= LARGE ? 0.99 * max : 0;
      if (admitted.length < least)
        found.push(`${id} admits only ${admitted.length} of ${max} from ${start} to ${end}`);
    }
    return found;
  });
}
