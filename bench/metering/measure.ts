import { join } from "node:path";
import type { Plan } from "../plan.js";
import type { MeteringReport, Report } from "../report.js";
import { median } from "../statistics.js";
import { startWorker } from "../worker.js";
import { type BodyName, bodyNames } from "./bodies.js";
import type { MeteringOrder, MeteringReply } from "./worker.js";

const GRACE_MS = 15_000;

/** What reading responses costs, in a process of its own. */
export async function measureMetering(plan: Plan, pin: (pid: number) => void): Promise<MeteringReply> {
  const worker = startWorker<MeteringOrder, MeteringReply>(join(import.meta.dirname, "worker.js"));
  try {
    pin(worker.pid);
    const { meteringMs } = plan;
    return await worker.ask({ measureMs: meteringMs }, bodyNames.length * meteringMs * 2 + GRACE_MS);
  } finally {
    await worker.stop();
  }
}

/** Each kind of response over all rounds. */
export function summarizeMetering(rounds: readonly MeteringReply[]): Report["metering"] {
  const summary = (name: BodyName): MeteringReport => ({
    megabytesPerSecond: median(rounds.map((round) => round[name].megabytesPerSecond)),
    cpuUsPerDocument: median(rounds.map((round) => round[name].cpuUsPerDocument)),
    bytesPerDocument: median(rounds.map((round) => round[name].bytesPerDocument)),
  });
  return Object.fromEntries(bodyNames.map((name) => [name, summary(name)])) as Report["metering"];
}
