import { availableParallelism } from "node:os";
import type { AbortsReport } from "./scenarios/aborts.js";
import type { DeathReport } from "./scenarios/death.js";
import type { LatencyReport } from "./scenarios/latency.js";
import type { OvershootReport } from "./scenarios/overshoot.js";
import type { VolumeReport } from "./scenarios/volume.js";

/** What was measured; with `--json`, what is printed. What was not asked for is missing. */
export interface Report {
  readonly machine: Machine;
  readonly latency?: LatencyReport;
  readonly overshoot?: OvershootReport;
  readonly aborts?: AbortsReport;
  readonly death?: DeathReport;
  readonly volume?: VolumeReport;
}

export interface Machine {
  readonly cores: number;
  readonly node: string;
  readonly envoy: string;
  /** Processes that ran or wanted to, in the minute before the start: above 0, somebody else was at work. */
  readonly loadAverageBefore: number;
}

/** @param versionLine what `envoy --version` prints */
export function describeMachine(versionLine: string, loadAverageBefore: number): Machine {
  const envoy = /version: [0-9a-f]+\/([^/]+)\//.exec(versionLine)?.[1] ?? versionLine.trim();
  return { cores: availableParallelism(), node: process.version, envoy, loadAverageBefore };
}
