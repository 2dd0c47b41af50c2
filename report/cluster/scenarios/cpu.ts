import { cpuMsOf } from "../../../bench/proc.js";
import { median } from "../../../bench/statistics.js";
import { rounded, type Spread } from "../analysis/spread.js";
import { fourLimitsPolicy, LIMITS_PER_REQUEST } from "../four-limits.js";
import type { Plan } from "../plan.js";
import { type Mode, startBareNodes } from "../stack/nodes.js";
import { DECISIONS_PER_SECOND, NODES } from "./commands.js";

/** What a decision costs, in processor time of all nodes and of Redis. Medians over the rounds. */
export interface CpuReport {
  readonly nodes: number;
  readonly limitsPerRequest: number;
  readonly targetDecisionsPerSecond: number;
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly memory: CpuResult;
  readonly leased: CpuResult;
  readonly strict: CpuResult;
  /** Medians of the ratios within each round, which noise moves less. */
  readonly leasedToMemory: CpuRatio;
  readonly strictToMemory: CpuRatio;
}

export interface CpuResult {
  readonly weirCpuUsPerDecision: number;
  readonly redisCpuUsPerDecision: number;
  readonly cpuUsPerDecision: number;
  readonly cpuUsPerDecisionByRound: readonly number[];
  readonly decisionsPerSecond: number;
  readonly failedRequests: number;
  /** Made without Redis: above 0, the figures are too low. */
  readonly fallbackDecisions: number;
  readonly roundTrip: Spread;
}

export interface CpuRatio {
  readonly weirCpuRatio: number;
  /** Redis included. */
  readonly cpuRatio: number;
}

interface Round {
  readonly weirUs: number;
  readonly redisUs: number;
  readonly decisionsPerSecond: number;
  readonly failedRequests: number;
  readonly fallbackDecisions: number;
  readonly roundTrip: Spread;
}

const modes = ["memory", "leased", "strict"] as const;

/** All modes in turns, each time in new processes, so that the machine's noise meets all of them. */
export async function measureCpu(
  { rounds, warmUpMs, measureMs }: Plan["cpu"],
  folder: string,
  say: (line: string) => void,
): Promise<CpuReport> {
  const measured: Record<Mode, Round[]> = { memory: [], leased: [], strict: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const mode of modes) {
      say(`round ${round} of ${rounds}: ${mode}`);
      measured[mode].push(await measureRound(mode, warmUpMs, measureMs, folder));
    }
  }
  return {
    nodes: NODES,
    limitsPerRequest: LIMITS_PER_REQUEST,
    targetDecisionsPerSecond: DECISIONS_PER_SECOND,
    rounds,
    secondsPerRound: measureMs / 1000,
    memory: summarize(measured.memory),
    leased: summarize(measured.leased),
    strict: summarize(measured.strict),
    leasedToMemory: compare(measured.leased, measured.memory),
    strictToMemory: compare(measured.strict, measured.memory),
  };
}

async function measureRound(mode: Mode, warmUpMs: number, measureMs: number, folder: string): Promise<Round> {
  const running = await startBareNodes(NODES, mode, (store) => fourLimitsPolicy(store), folder);
  try {
    const { client, keeper, nodes } = running;
    const cpuMs = () => ({
      weir: nodes.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0),
      redis: keeper ? cpuMsOf(keeper.server.child.pid) : 0,
    });
    await client.run(DECISIONS_PER_SECOND, warmUpMs);
    const fallbacksBefore = await running.fallbacks();
    const before = cpuMs();
    const load = await client.run(DECISIONS_PER_SECOND, measureMs);
    const after = cpuMs();
    const decisions = load.allowedRequests + load.deniedRequests;
    return {
      weirUs: ((after.weir - before.weir) * 1000) / decisions,
      redisUs: ((after.redis - before.redis) * 1000) / decisions,
      decisionsPerSecond: (decisions * 1000) / load.elapsedMs,
      failedRequests: load.failedRequests,
      fallbackDecisions: (await running.fallbacks()) - fallbacksBefore,
      roundTrip: load.roundTrip,
    };
  } finally {
    await running.stop();
  }
}

function summarize(rounds: readonly Round[]): CpuResult {
  const total = (of: (round: Round) => number) => rounds.reduce((sum, round) => sum + of(round), 0);
  const middle = (of: (round: Round) => number, digits: number) => rounded(median(rounds.map(of)), digits);
  return {
    weirCpuUsPerDecision: middle(({ weirUs }) => weirUs, 1),
    redisCpuUsPerDecision: middle(({ redisUs }) => redisUs, 1),
    cpuUsPerDecision: middle(totalUs, 1),
    cpuUsPerDecisionByRound: rounds.map((round) => rounded(totalUs(round), 1)),
    decisionsPerSecond: middle(({ decisionsPerSecond }) => decisionsPerSecond, 0),
    failedRequests: total(({ failedRequests }) => failedRequests),
    fallbackDecisions: total(({ fallbackDecisions }) => fallbackDecisions),
    roundTrip: {
      p50Ms: middle(({ roundTrip }) => roundTrip.p50Ms, 3),
      p99Ms: middle(({ roundTrip }) => roundTrip.p99Ms, 3),
      maxMs: middle(({ roundTrip }) => roundTrip.maxMs, 3),
    },
  };
}

function compare(rounds: readonly Round[], bases: readonly Round[]): CpuRatio {
  const ratio = (of: (round: Round) => number) =>
    rounded(median(rounds.map((round, i) => of(round) / of(bases[i] as Round))), 2);
  return { weirCpuRatio: ratio(({ weirUs }) => weirUs), cpuRatio: ratio(totalUs) };
}

function totalUs({ weirUs, redisUs }: Round): number {
  return weirUs + redisUs;
}
