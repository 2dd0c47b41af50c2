import type { LimitReport } from "../analysis/judge.js";
import type { ExactnessName, ExactnessReport } from "../scenarios/exactness.js";
import { columns } from "./columns.js";

const titles: Record<ExactnessName, string> = {
  leased: "leased",
  strict: "strict",
  killed: "leased, a node killed again and again",
  skewed: "leased, the nodes' clocks apart",
  failover: "leased, Redis fails over in the middle",
  laggingFailover: "leased, Redis fails over to a replica that lags",
};

/** One scenario for people. */
export function formatExactness(name: ExactnessName, report: ExactnessReport): string[] {
  const { load, answers, limits, nodes, clockOffsetsMs, killing, failover } = report;
  const about = [
    `${load.sentRequestsPerSecond} of ${Math.round(load.targetRequestsPerSecond)} requests/s sent`,
    `sent late p99 ${load.sendDelay.p99Ms} ms, max ${load.sendDelay.maxMs} ms`,
    `answered p50 ${load.roundTrip.p50Ms} ms, p99 ${load.roundTrip.p99Ms} ms`,
  ];
  const outcome = [
    `admitted ${answers.admittedRequests} (backend: ${answers.backendRequests})`,
    `denied ${answers.deniedRequests}`,
    `not countable ${answers.uncountedRequests}`,
    `no decision ${answers.gatewayFailedRequests}`,
    `unanswered ${answers.unansweredRequests}`,
  ];
  const header = [
    ...["limit", "max", "offered", "admitted", "backend", "over", "worst %", "ambiguous"],
    ...["undecided", "under", "under %", "in full windows"],
  ];
  const clocks = clockOffsetsMs.some((ms) => ms !== 0)
    ? [`clocks off by ${clockOffsetsMs.join(", ")} ms`]
    : [];
  return [
    `## ${titles[name]}: ${nodes} nodes`,
    ...clocks,
    about.join("; "),
    outcome.join(", "),
    ...(killing ? [`${killing.kills} kills, down for ${killing.meanDownMs} ms in the mean`] : []),
    ...(failover ? [formatFailover(report)] : []),
    "",
    ...columns([header, ...limits.map(limitRow)]),
    "",
  ];
}

function limitRow(limit: LimitReport): string[] {
  const per = `${limit.maxRequests}/${limit.windowSeconds} s${limit.kind === "sliding" ? " sliding" : ""}`;
  const numbers = [
    ...[limit.offeredRequests, limit.admittedRequests, limit.backendRequests, limit.overAdmittedRequests],
    ...[limit.worstOverAdmittedPercent, limit.ambiguousRequests, limit.undecidedRequests],
    ...[limit.underAdmittedRequests, limit.underAdmittedPercent],
  ].map(String);
  const windows = limit.windows.map(({ admittedRequests }) => admittedRequests).join(" ");
  return [limit.limit, per, ...numbers, windows];
}

function formatFailover({ failover, limits }: ExactnessReport): string {
  if (!failover) return "";
  const { killedAtMs, replicaBehindMs, failedOverAfterMs, lostWrites } = failover;
  const over = limits.flatMap(({ windows, windowSeconds }) =>
    windows
      .filter(({ startMs }) => startMs <= killedAtMs && killedAtMs < startMs + windowSeconds * 1000)
      .map(({ overAdmittedRequests }) => overAdmittedRequests),
  );
  const lost = lostWrites
    ? `Redis lost ${lostWrites.lostRequests} counted requests, in ${lostWrites.countersWithLoss} of ${lostWrites.countersCompared} counters`
    : "what Redis lost was not seen in time";
  const sum = over.reduce((total, one) => total + one, 0);
  const behind = replicaBehindMs > 0 ? `replica ${replicaBehindMs} ms behind; ` : "";
  return `${behind}another master after ${failedOverAfterMs} ms; ${lost}; over in that window: ${sum}`;
}
