import { slidingBucketMs } from "../../src/counters/sliding-ledger.js";
import { slotLeavesAt } from "../../src/counters/slot.js";
import { windowLengthMs } from "../../src/policy/window.js";
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
  const { scenario, redis } = history;
  const isFair = scenario.weather === FAIR;
  return [...holdsOf(history)].flatMap(([counter, holds]) => {
    const { limit: index } = holds[0]?.charged ?? { limit: 0 };
    const { window } = scenario.limits[index]?.limit ?? {};
    if (!window) return [];
    const lengthMs = window.kind === "sliding" ? windowLengthMs(window) : null;
    return holds.flatMap((hold) => {
      const now = redis.furthestAt(hold.answeredMs);
      const live = holds.filter(({ charged: { slot } }) =>
        lengthMs === null ? slot === hold.charged.slot : slotLeavesAt(window, slot) > now,
      );
      const sinceMs =
        hold.charged.slot - (lengthMs === null ? (windowLengthMs(window) ?? 0) : slidingBucketMs(lengthMs));
      const max = largestInForce(
        history,
        index,
        Math.min(sinceMs, redis.earliestIn(hold.asked.askedMs, hold.answeredMs)),
        now,
      );
      const least = Math.max(counted(hold, live), isFair ? known(history, hold, live) : 0);
      const { node, askedMs } = hold.asked;
      return least <= max
        ? []
        : [`${node} lets in what came at ${askedMs}: ${least} held of ${max} of ${counter}`];
    });
  });
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
