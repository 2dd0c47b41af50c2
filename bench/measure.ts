import type { Latency, LoadOrder, LoadReport } from "./load/order.js";
import type { Plan } from "./plan.js";
import { countersOf } from "./policy.js";
import { rssMiBOf } from "./proc.js";
import type { Target } from "./target.js";
import type { Worker } from "./worker.js";

/** One target in one round. */
export interface Round {
  readonly cpuUsPerDecision: number;
  readonly decisionsPerSecond: number;
  readonly loaded: Latency;
  readonly light: Latency;
  /** Resident memory before the first call, and after the last. */
  readonly rssMiBAtStart: number;
  readonly rssMiB: number;
  readonly replies: number;
  readonly decisionsCounted: number | null;
}

export type Load = Worker<LoadOrder, LoadReport>;

const MANY_CALLS = { connections: 2, streamsPerConnection: 25 };
const ONE_CALL = { connections: 1, streamsPerConnection: 1 };
const GRACE_MS = 15_000;

/** Measures, and makes sure that the target did its work: it decided each call, as expected, and counted it. */
export async function measure(target: Target, load: Load, plan: Plan): Promise<Round> {
  const { rampMs, warmUpMs, loadedMs, lightMs } = plan;
  const rssMiBAtStart = rssMiBOf(target.pid);
  // Code gets compiled, every API's counters get made, and those that deny get full.
  await put(target, load, { ...MANY_CALLS, rampMs: 0, measureMs: warmUpMs, minimumCalls: target.apis });

  const before = await target.counted();
  const loaded = await put(target, load, { ...MANY_CALLS, rampMs, measureMs: loadedMs, minimumCalls: 0 });
  const light = await put(target, load, { ...ONE_CALL, rampMs, measureMs: lightMs, minimumCalls: 0 });
  const after = await target.counted();

  const replies = loaded[target.outcome] + light[target.outcome];
  expectEqual(`replies that are ${target.outcome}`, replies, repliesOf(loaded) + repliesOf(light));
  const decisionsCounted = before && after && after[target.outcome] - before[target.outcome];
  if (after) {
    expectEqual("decisions that weir counted", decisionsCounted, replies);
    expectEqual("counters in use", after.counters, countersOf(target.apis));
  }
  return {
    cpuUsPerDecision: (loaded.serverCpuMs * 1000) / loaded.decisions,
    decisionsPerSecond: (loaded.decisions * 1000) / loaded.elapsedMs,
    loaded: loaded.latency,
    light: light.latency,
    rssMiBAtStart,
    rssMiB: rssMiBOf(target.pid),
    replies,
    decisionsCounted,
  };
}

function put(
  { port, pid, apis }: Target,
  load: Load,
  how: Omit<LoadOrder, "port" | "serverPid" | "apis">,
): Promise<LoadReport> {
  const deadlineMs = how.rampMs + how.measureMs + GRACE_MS;
  return load.ask({ port, serverPid: pid, apis, ...how }, deadlineMs);
}

function repliesOf({ allowed, denied }: LoadReport): number {
  return allowed + denied;
}

function expectEqual(what: string, actual: number | null, expected: number): void {
  if (actual !== expected) throw new Error(`${what}: ${actual}, not ${expected}`);
}
