import { availableParallelism } from "node:os";
import type { CommandsReport } from "./scenarios/commands.js";
import type { CpuReport } from "./scenarios/cpu.js";
import type { ExactnessName, ExactnessReport } from "./scenarios/exactness.js";
import type { FaultsReport } from "./scenarios/faults.js";

/** What was measured; with `--json`, what is printed. What was not asked for is missing. */
export interface Report {
  readonly machine: Machine;
  readonly exactness: Readonly<Partial<Record<ExactnessName, ExactnessReport>>>;
  readonly commands?: CommandsReport;
  readonly cpu?: CpuReport;
  readonly faults?: FaultsReport;
}

export interface Machine {
  readonly cores: number;
  readonly node: string;
  readonly redis: string;
  /** Processes that ran or wanted to, in the minute before the start: above 0, somebody else was at work. */
  readonly loadAverageBefore: number;
}

/** @param versionLine what `redis-server --version` prints */
export function describeMachine(versionLine: string, loadAverageBefore: number): Machine {
  const redis = /\bv=(\S+)/.exec(versionLine)?.[1] ?? versionLine.trim();
  return { cores: availableParallelism(), node: process.version, redis, loadAverageBefore };
}
