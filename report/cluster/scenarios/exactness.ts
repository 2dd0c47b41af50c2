import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FullWindows, judge, type LimitReport } from "../analysis/judge.js";
import { rounded, type Spread, spreadOf } from "../analysis/spread.js";
import { Driver } from "../load/drive.js";
import { Answer, Journal } from "../load/journal.js";
import type { Pace } from "../load/pace.js";
import type { ExactnessPlan } from "../plan.js";
import { exactnessPolicy } from "../policy.js";
import { type Cluster, startCluster } from "../stack/cluster.js";
import { startSingle, startWatched } from "../stack/keeper.js";
import { workloadOf } from "../workload.js";
import { type FailoverReport, failOver, prepareAutopsy } from "./failover.js";
import { type KillingReport, killInTurn } from "./killing.js";

/** What happens to the cluster while its limits are held to their numbers. */
export const exactnessNames = [
  "leased",
  "strict",
  "killed",
  "skewed",
  "failover",
  "laggingFailover",
] as const;
export type ExactnessName = (typeof exactnessNames)[number];

export interface ExactnessReport {
  readonly mode: "leased" | "strict";
  readonly nodes: number;
  readonly clockOffsetsMs: readonly number[];
  readonly load: LoadReport;
  readonly answers: AnswersReport;
  readonly limits: readonly LimitReport[];
  readonly killing?: KillingReport;
  readonly failover?: FailoverReport;
}

export interface LoadReport extends Pace {
  readonly targetRequestsPerSecond: number;
  readonly sentRequestsPerSecond: number;
  /** From sending to the whole answer, of all that were answered. */
  readonly roundTrip: Spread;
  readonly connections: number;
  /** By how much the time of day was set or slewed meanwhile: windows go by it. */
  readonly clockDriftMs: number;
}

/** What the client got. */
export interface AnswersReport {
  readonly admittedRequests: number;
  readonly deniedRequests: number;
  /** Denied because they could not be counted. */
  readonly uncountedRequests: number;
  /** Envoy got no decision in time, or none at all. */
  readonly gatewayFailedRequests: number;
  readonly unansweredRequests: number;
  readonly backendRequests: number;
  readonly backendRepeatedRequests: number;
}

const NODES = 3;
const SKEW_MS = [-5_000, 0, 5_000];
const PREFIX = "report";
/** Load before the first full window and after the last, so that these are under load from end to end. */
const LEAD_MS = 500;
const TAIL_MS = 200;
/** How long the replica that takes over has heard nothing, where it is to lag. */
const REPLICA_BEHIND_MS = 300;
/** How far into a window something is killed: while much of it is drawn and not yet spent. */
const INTO_WINDOW = 0.15;

export async function measureExactness(
  name: ExactnessName,
  plan: ExactnessPlan,
  parentFolder: string,
  say: (line: string) => void,
): Promise<ExactnessReport> {
  const { windowMs, windows, warmUpMs, scale } = plan;
  const mode = name === "strict" ? "strict" : "leased";
  const clockOffsetsMs = name === "skewed" ? SKEW_MS : Array.from({ length: NODES }, () => 0);
  const workload = workloadOf(windowMs, scale);
  const targetRequestsPerSecond = workload.lanes.reduce((sum, lane) => sum + lane.requestsPerSecond, 0);
  const loadMs = LEAD_MS + windows * windowMs + TAIL_MS;
  const journal = new Journal(Math.ceil((targetRequestsPerSecond * loadMs) / 1000) + workload.lanes.length);
  const folder = await mkdtemp(join(parentFolder, `${name}-`));
  const store = { kind: "redis", mode, onError: "deny", deadlineMs: 25, prefix: PREFIX };
  const cluster = await startCluster({
    folder,
    keeper: failsOver(name) ? startWatched() : startSingle(),
    policy: (place) => exactnessPolicy(windowMs, scale, { ...store, ...place }),
    clockOffsetsMs,
    onArrived: (number, atMs) => journal.arrived(number, atMs),
  });
  const driver = new Driver(cluster.envoys.map(({ port }) => port));
  try {
    if (failsOver(name)) await prepareAutopsy(cluster.keeper);
    await driver.warmUp(workload, warmUpMs);
    const full = nextWindows(windowMs, windows);
    await sleep(Math.max(0, full.fromMs - LEAD_MS - Date.now()));
    const clockBeforeMs = Date.now() - performance.now();
    const [pace, incident] = await Promise.all([
      driver.run(workload, journal, full.fromMs - LEAD_MS, full.toMs + TAIL_MS),
      happen(name, cluster, plan, full, folder, say),
    ]);
    const clockDriftMs = rounded(Date.now() - performance.now() - clockBeforeMs, 1);
    const load = { ...pace, targetRequestsPerSecond, connections: driver.connections, clockDriftMs };
    const answers = countAnswers(journal);
    const sentRequestsPerSecond = rounded((pace.sentRequests * 1000) / loadMs, 1);
    return {
      ...{ mode, nodes: NODES, clockOffsetsMs },
      load: { ...load, sentRequestsPerSecond, roundTrip: roundTripOf(journal) },
      answers,
      limits: judge(workload, journal, full),
      ...incident,
    };
  } finally {
    driver.close();
    await cluster.stop();
  }
}

/** What the scenario is about, while the load goes on. */
async function happen(
  name: ExactnessName,
  { keeper, nodes }: Cluster,
  { windowMs, windows, killEveryMs }: ExactnessPlan,
  { fromMs, toMs }: FullWindows,
  folder: string,
  say: (line: string) => void,
): Promise<Pick<ExactnessReport, "killing" | "failover">> {
  const intoMs = INTO_WINDOW * windowMs;
  if (name === "killed") return { killing: await killInTurn(nodes, fromMs + intoMs, killEveryMs, toMs, say) };
  if (failsOver(name)) {
    const atMs = fromMs + Math.floor(windows / 2) * windowMs + intoMs;
    const replicaBehindMs = name === "laggingFailover" ? REPLICA_BEHIND_MS : 0;
    return { failover: await failOver(keeper, { prefix: PREFIX, atMs, replicaBehindMs, folder }) };
  }
  return {};
}

function failsOver(name: ExactnessName): boolean {
  return name === "failover" || name === "laggingFailover";
}

/** From the next start of a window on by this machine's clock, which is Redis's too. */
function nextWindows(windowMs: number, windows: number): FullWindows {
  const fromMs = Math.ceil((Date.now() + LEAD_MS) / windowMs) * windowMs;
  return { fromMs, toMs: fromMs + windows * windowMs };
}

function countAnswers(journal: Journal): AnswersReport {
  const entries = [...journal.entries()];
  const count = (...wanted: Answer[]) => entries.filter(({ answer }) => wanted.includes(answer)).length;
  return {
    admittedRequests: count(Answer.admitted),
    deniedRequests: count(Answer.denied),
    uncountedRequests: count(Answer.uncounted),
    gatewayFailedRequests: count(Answer.gatewayFailed),
    unansweredRequests: count(Answer.none, Answer.lost),
    backendRequests: entries.filter(({ arrivedMs }) => arrivedMs !== null).length,
    backendRepeatedRequests: journal.repeated,
  };
}

function roundTripOf(journal: Journal): Spread {
  const timesMs: number[] = [];
  for (const { sentMs, answeredMs } of journal.entries())
    if (answeredMs !== null) timesMs.push(answeredMs - sentMs);
  return spreadOf(timesMs);
}
