import { spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { findRedis } from "../../demo/stack/redis.js";
import type { Plan } from "./plan.js";
import { describeMachine, type Report } from "./report.js";
import { measureCommands } from "./scenarios/commands.js";
import { measureCpu } from "./scenarios/cpu.js";
import { type ExactnessReport, exactnessNames, measureExactness } from "./scenarios/exactness.js";
import { measureFaults } from "./scenarios/faults.js";

/** Everything that can be asked for by itself. */
export const partNames = [...exactnessNames, "commands", "cpu", "faults"] as const;
export type PartName = (typeof partNames)[number];

/** One part after the other: they share the machine's processors. Logs and policies go to `folder`. */
export async function runReport(
  parts: readonly PartName[],
  plan: Plan,
  folder: string,
  say: (line: string) => void,
): Promise<Report> {
  const [loadAverageBefore = 0] = loadavg();
  const machine = describeMachine(
    spawnSync(findRedis(), ["--version"], { encoding: "utf8" }).stdout,
    loadAverageBefore,
  );
  const sayOf = (part: PartName) => (line: string) => say(`${part}: ${line}`);
  const exactness: Partial<Record<PartName, ExactnessReport>> = {};
  for (const name of exactnessNames) {
    if (!parts.includes(name)) continue;
    say(`exactness: ${name}`);
    exactness[name] = await measureExactness(name, plan.exactness, folder, sayOf(name));
  }
  const wanted = (part: PartName) => parts.includes(part);
  return {
    machine,
    exactness,
    ...(wanted("commands")
      ? { commands: await measureCommands(plan.commands, folder, sayOf("commands")) }
      : {}),
    ...(wanted("cpu") ? { cpu: await measureCpu(plan.cpu, folder, sayOf("cpu")) } : {}),
    ...(wanted("faults") ? { faults: await measureFaults(plan.faults, folder, sayOf("faults")) } : {}),
  };
}
