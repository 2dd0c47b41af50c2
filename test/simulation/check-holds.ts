import { slidingBucketMs } from "../../src/counters/sliding-ledger.js";
import { slotLeavesAt } from "../../src/counters/slot.js";
import { spanAt, type Window, windowLengthMs } from "../../src/policy/window.js";
import { largestInForce } from "./check-windows.js";
import type { Asked, Charged, Corrected, History } from "./history.js";
import { FAIR } from "./line.js";

/** A charge that was counted, with what is known of it. */
interface Hold {
  readonly asked: Asked;
  readonly answeredMs: number;
  readonly charged: Charged;
  readonly corrected: Corrected | null;
}

/** After so long, all is counted that was told in fair weather. */
const SETTLED_MS = 300;

/**
 * Whether anybody was let in who had no room beside what was held and corrected until then. It goes by the slots that
 * nodes told: they must be those in which Redis counted.
 */
export function overdrawnHolds(history: History): string[] {
  const { scenario } = history;
  return [...holdsOf(history)].flatMap(([counter, holds]) => {
    const index = holds[0]?.charged.limit ?? 0;
    const window = scenario.limits[index]?.limit.window;
    return window ? holds.flatMap((hold) => overdrawn(history, hold, holds, window, index, counter)) : [];
  });
}

function overdrawn(
  history: History,
  hold: Hold,
  holds: readonly Hold[],
  window: Window,
  limit: number,
  counter: string,
): string[] {
  const now = history.redis.furthestAt(hold.answeredMs);
  const { slot } = hold.charged;
  // What was surely in the window when the last of them was counted, which was not before the hold's own slot began.
  const live = holds.filter(({ charged }) =>
    window.kind === "fixed" ? charged.slot === slot : slotLeavesAt(window, charged.slot) > now,
  );
  const max = largestInForce(history, limit, beginOf(window, slot), now);
  const isFair = history.scenario.weather === FAIR;
  const least = Math.max(counted(hold, live), isFair ? known(history, hold, live) : 0);
  const { node, askedMs } = hold.asked;
  return least > max
    ? [`${node} lets in what came at ${askedMs}: ${least} held of ${max} of ${counter}`]
    : [];
}

function beginOf(window: Window, slot: number): number {
  const lengthMs = windowLengthMs(window);
  if (window.kind === "fixed" || lengthMs === null) return spanAt(window, slot - 1).start;
  return slot - slidingBucketMs(lengthMs);
}

/** What Redis had counted at least when it counted the last of what was let in until then. */
function counted(hold: Hold, live: readonly Hold[]): number {
  const before = live.filter(({ answeredMs }) => answeredMs <= hold.answeredMs);
  return sum(before) - mostGivenBack(live, hold.answeredMs);
}

/** What the node of a hold knew at least when it let it in: its own, and what Redis had counted if it asked. */
function known({ scenario }: History, hold: Hold, live: readonly Hold[]): number {
  const { node, askedMs } = hold.asked;
  const [, place] = /^n(\d+)/.exec(node) ?? [];
  const asks = scenario.nodes[Number(place)]?.mode === "strict";
  const knows = (who: string, atMs: number) =>
    who === node ? atMs < askedMs : asks && atMs < askedMs - SETTLED_MS;
  const before = live.filter(({ asked, answeredMs }) => knows(asked.node, answeredMs));
  let more = 0;
  for (const { corrected } of live)
    if (corrected && corrected.by > 0 && knows(corrected.node, corrected.atMs)) more += corrected.by;
  return sum(before) + hold.charged.amount + more - mostGivenBack(live, hold.answeredMs);
}

function sum(holds: readonly Hold[]): number {
  return holds.reduce((total, { charged }) => total + charged.amount, 0);
}

function mostGivenBack(holds: readonly Hold[], untilMs: number): number {
  let given = 0;
  for (const { corrected } of holds)
    if (corrected && corrected.by < 0 && corrected.atMs <= untilMs) given -= corrected.by;
  return given;
}

/** By counter, those of limits that are held of and corrected. */
function holdsOf({ scenario, asked, corrected }: History): Map<string, Hold[]> {
  const corrections = new Map(corrected.map((one) => [one.of, one]));
  const counters = new Map<string, Hold[]>();
  for (const one of asked) {
    const { answeredMs, admitted, isCounted } = one;
    if (answeredMs === null || !admitted || !isCounted) continue;
    for (const charged of one.charged) {
      if (!charged.hadRoom || !scenario.limits[charged.limit]?.holds) continue;
      const hold = { asked: one, answeredMs, charged, corrected: corrections.get(charged) ?? null };
      const known = counters.get(charged.counter);
      if (known) known.push(hold);
      else counters.set(charged.counter, [hold]);
    }
  }
  return counters;
}
