import { availableParallelism } from "node:os";
import { join } from "node:path";
import { encodeCheckRequest } from "./check-request.js";
import type { LoadOrder, LoadReport } from "./load/order.js";
import { measure, type Round } from "./measure.js";
import { measureMetering, summarizeMetering } from "./metering/measure.js";
import type { MeteringReply } from "./metering/worker.js";
import { findPinning } from "./pinning.js";
import type { Plan } from "./plan.js";
import { LIMITS_PER_REQUEST } from "./policy.js";
import type { Report } from "./report.js";
import { compare, summarize } from "./summary.js";
import { prepareTargets, type TargetName, targetNames } from "./targets.js";
import { startWorker } from "./worker.js";

/**
 * Measures all targets in turns, so that the machine's noise meets all of them, and each time in a new process:
 * how V8 lays out its heap in the first seconds is luck that a process keeps, and that moves figures by a fifth.
 * Policies and logs go to `folder`; `say` hears of the progress.
 */
export async function runBench(plan: Plan, folder: string, say: (line: string) => void): Promise<Report> {
  const pinning = findPinning();
  const load = startWorker<LoadOrder, LoadReport>(join(import.meta.dirname, "load/main.js"));
  const rounds = forEach((): Round[] => []);
  const meteringRounds: MeteringReply[] = [];
  try {
    pinning?.pinLoad(load.pid);
    const start = await prepareTargets(folder);
    for (let round = 1; round <= plan.rounds; round++) {
      for (const name of targetNames) {
        say(`round ${round} of ${plan.rounds}: ${name}`);
        const target = await start[name]();
        try {
          pinning?.pinServer(target.pid);
          rounds[name].push(await measure(target, load, plan));
        } finally {
          await target.stop();
        }
      }
      say(`round ${round} of ${plan.rounds}: metering`);
      meteringRounds.push(await measureMetering(plan, (pid) => pinning?.pinServer(pid)));
    }
  } finally {
    await load.stop();
  }
  return {
    node: process.version,
    cpus: availableParallelism(),
    pinned: pinning !== null,
    rounds: plan.rounds,
    secondsPerRound: plan.loadedMs / 1000,
    requestBytes: encodeCheckRequest(0).length,
    limitsPerRequest: LIMITS_PER_REQUEST,
    results: forEach((name) => summarize(rounds[name])),
    metering: summarizeMetering(meteringRounds),
    ratios: compare(rounds),
  };
}

function forEach<T>(make: (name: TargetName) => T): Record<TargetName, T> {
  return Object.fromEntries(targetNames.map((name) => [name, make(name)])) as Record<TargetName, T>;
}
