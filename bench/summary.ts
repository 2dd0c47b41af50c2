import type { Latency } from "./load/order.js";
import type { Round } from "./measure.js";
import type { Ratio, Report, TargetReport } from "./report.js";
import { median } from "./statistics.js";
import type { TargetName } from "./targets.js";

/** One target over all rounds. */
export function summarize(rounds: readonly Round[]): TargetReport {
  const total = (of: (round: Round) => number) => rounds.reduce((sum, round) => sum + of(round), 0);
  const isCounted = rounds.every(({ decisionsCounted }) => decisionsCounted !== null);
  return {
    cpuUsPerDecision: median(rounds.map((round) => round.cpuUsPerDecision)),
    cpuUsPerDecisionByRound: rounds.map((round) => round.cpuUsPerDecision),
    decisionsPerSecond: median(rounds.map((round) => round.decisionsPerSecond)),
    ...medianLatency(rounds.map((round) => round.loaded)),
    light: medianLatency(rounds.map((round) => round.light)),
    rssMiBAtStart: median(rounds.map((round) => round.rssMiBAtStart)),
    rssMiB: median(rounds.map((round) => round.rssMiB)),
    replies: total((round) => round.replies),
    decisionsCounted: isCounted ? total((round) => round.decisionsCounted ?? 0) : null,
  };
}

/** How the targets compare, each round with itself. */
export function compare(rounds: Readonly<Record<TargetName, readonly Round[]>>): Report["ratios"] {
  const ratio = (dividends: readonly Round[], divisors: readonly Round[]): Ratio => {
    const of = (figure: (round: Round) => number) =>
      median(dividends.map((dividend, i) => figure(dividend) / figure(divisors[i] as Round)));
    return {
      cpuUsPerDecision: of((round) => round.cpuUsPerDecision),
      p50Ms: of((round) => round.loaded.p50Ms),
      lightP50Ms: of((round) => round.light.p50Ms),
    };
  };
  return {
    weir10ToFloor: ratio(rounds.weir10, rounds.floor),
    weir1000ToWeir10: ratio(rounds.weir1000, rounds.weir10),
    deniedToWeir10: ratio(rounds.denied, rounds.weir10),
  };
}

function medianLatency(latencies: readonly Latency[]): Latency {
  return {
    p50Ms: median(latencies.map(({ p50Ms }) => p50Ms)),
    p90Ms: median(latencies.map(({ p90Ms }) => p90Ms)),
    p99Ms: median(latencies.map(({ p99Ms }) => p99Ms)),
  };
}
