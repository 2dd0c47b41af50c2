import type { Spread } from "../analysis/spread.js";
import type { Report } from "../report.js";
import type { CommandsReport, CommandsResult } from "../scenarios/commands.js";
import type { CpuReport } from "../scenarios/cpu.js";
import { exactnessNames } from "../scenarios/exactness.js";
import { type FaultsReport, faultNames } from "../scenarios/faults.js";
import { columns } from "./columns.js";
import { formatExactness } from "./exactness.js";

/** The report for people. */
export function formatReport({ machine, exactness, commands, cpu, faults }: Report): string {
  const { cores, node, redis, loadAverageBefore } = machine;
  return [
    `${cores} cores, node ${node}, Redis ${redis}; load average before: ${loadAverageBefore.toFixed(2)}`,
    "",
    ...exactnessNames.flatMap((name) => {
      const scenario = exactness[name];
      return scenario ? formatExactness(name, scenario) : [];
    }),
    ...(commands ? formatCommands(commands) : []),
    ...(cpu ? formatCpu(cpu) : []),
    ...(faults ? formatFaults(faults) : []),
  ]
    .join("\n")
    .trimEnd();
}

function formatCommands(report: CommandsReport): string[] {
  const row = (name: string, result: CommandsResult) => [
    name,
    String(result.decisionsPerSecond),
    String(result.load.failedRequests),
    String(result.fallbackDecisions),
    result.scriptCallsPerDecision.toFixed(4),
    result.scriptCallsPerSecond.toFixed(1),
    result.commandsInScriptsPerDecision.toFixed(4),
  ];
  return [
    `## Redis commands, leased: ${report.nodes} nodes, ${report.limitsPerRequest} limits a request`,
    "",
    ...columns([
      [
        "",
        "decisions/s",
        "failed",
        "without Redis",
        "scripts/decision",
        "scripts/s",
        "commands in scripts/decision",
      ],
      row("all admitted", report.allAdmitted),
      row("a third admitted", report.thirdAdmitted),
    ]),
    "",
  ];
}

function formatCpu(report: CpuReport): string[] {
  const ratios = {
    memory: ["1", "1"],
    leased: [report.leasedToMemory.weirCpuRatio.toFixed(2), report.leasedToMemory.cpuRatio.toFixed(2)],
    strict: [report.strictToMemory.weirCpuRatio.toFixed(2), report.strictToMemory.cpuRatio.toFixed(2)],
  };
  const rows = (["memory", "leased", "strict"] as const).map((mode) => {
    const result = report[mode];
    return [
      mode,
      String(result.decisionsPerSecond),
      `${result.failedRequests}+${result.fallbackDecisions}`,
      result.weirCpuUsPerDecision.toFixed(1),
      result.redisCpuUsPerDecision.toFixed(1),
      result.cpuUsPerDecision.toFixed(1),
      ...ratios[mode],
      ...spreadCells(result.roundTrip),
    ];
  });
  const title = `## CPU of a decision: ${report.nodes} nodes, ${report.limitsPerRequest} limits a request`;
  return [
    `${title}; rounds: ${report.rounds} × ${report.secondsPerRound} s`,
    "",
    ...columns([
      [
        ...[
          "",
          "decisions/s",
          "failed+without Redis",
          "weir µs",
          "Redis µs",
          "both µs",
          "weir to memory",
          "both to memory",
        ],
        ...["p50 ms", "p99 ms", "max ms"],
      ],
      ...rows,
    ]),
    "",
  ];
}

function formatFaults(report: FaultsReport): string[] {
  const rows = (["strict", "leased"] as const).flatMap((mode) =>
    faultNames.map((name) => {
      const result = report[mode][name];
      return [
        `${mode}, ${name}`,
        ...spreadCells(result.calm),
        ...spreadCells(result.whileAway),
        `${result.fallbackDecisions}/${result.whileAwayDecisions}`,
        String(result.failedRequests),
        String(result.healing.countedAgainAfterMs),
        String(result.healing.lastFallbackAfterMs),
        `${result.outOfReachLogLines}+${result.backLogLines}+${result.otherProblemLogLines}`,
        String(result.falseOutages),
      ];
    }),
  );
  const title = `## Redis away for ${report.faultSeconds} s: one node, ${report.targetDecisionsPerSecond} decisions/s`;
  return [
    `${title}, deadline ${report.deadlineMs} ms, delay ${report.redisDelayMs} ms`,
    "",
    ...columns([
      [
        ...[
          "",
          "before p50 ms",
          "p99 ms",
          "max ms",
          "away p50 ms",
          "p99 ms",
          "max ms",
          "without Redis",
          "failed",
        ],
        ...[
          "counted again after ms",
          "last without Redis after ms",
          "log: away+back+other",
          "false outages before",
        ],
      ],
      ...rows,
    ]),
    "",
  ];
}

function spreadCells({ p50Ms, p99Ms, maxMs }: Spread): string[] {
  return [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(2));
}
