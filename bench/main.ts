import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runBench } from "./bench.js";
import { fullPlan, quickPlan } from "./plan.js";
import { formatReport } from "./report.js";

/** `npm run bench [-- --json] [--quick]`: what a decision costs, beside the least that any gRPC reply costs. */
const { values } = parseArgs({ options: { json: { type: "boolean" }, quick: { type: "boolean" } } });
const plan = values.quick ? quickPlan : fullPlan;
const say = (text: string) => process.stderr.write(`bench: ${text}\n`);
if (process.platform !== "linux") throw new Error("the bench reads CPU time from /proc, which needs Linux");

const folder = mkdtempSync(join(tmpdir(), "weir-bench-"));
// Children die with this process, and workers when it is gone.
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
setTimeout(() => {
  say(`not done after ${plan.deadlineMs / 1000} s, giving up`);
  process.exit(1);
}, plan.deadlineMs).unref();

const report = await runBench(plan, folder, say);
process.stdout.write(`${values.json ? JSON.stringify(report) : formatReport(report)}\n`);
