import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { findEnvoy } from "../../demo/stack/envoy.js";
import type { Plan } from "./plan.js";
import { describeMachine, type Report } from "./report.js";
import { measureAborts } from "./scenarios/aborts.js";
import { measureDeath } from "./scenarios/death.js";
import { measureLatency } from "./scenarios/latency.js";
import { measureOvershoot } from "./scenarios/overshoot.js";
import { measureVolume } from "./scenarios/volume.js";

/** Everything that can be asked for by itself. */
export const partNames = ["latency", "overshoot", "aborts", "death", "volume"] as const;
export type PartName = (typeof partNames)[number];

/** One part after the other: they share the machine's processors. Logs and policies go to `folder`. */
export async function runReport(
  parts: readonly PartName[],
  plan: Plan,
  folder: string,
  say: (line: string) => void,
): Promise<Report> {
  const [loadAverageBefore = 0] = loadavg();
  const { stdout } = spawnSync(findEnvoy(), ["--version"], { encoding: "utf8" });
  const machine = describeMachine(stdout, loadAverageBefore);
  const measure = async <Name extends PartName, Result>(
    name: Name,
    part: (plan: Plan[Name], folder: string, say: (line: string) => void) => Promise<Result>,
  ) => {
    if (!parts.includes(name)) return {};
    const result = await part(plan[name], folder, (line) => say(`${name}: ${line}`));
    return { [name]: result } as Record<Name, Result>;
  };
  return {
    machine,
    ...(await measure("latency", measureLatency)),
    ...(await measure("overshoot", measureOvershoot)),
    ...(await measure("aborts", measureAborts)),
    ...(await measure("death", measureDeath)),
    ...(await measure("volume", measureVolume)),
  };
}
