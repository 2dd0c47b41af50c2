import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatReport } from "./format/report.js";
import { fullPlan, quickPlan } from "./plan.js";
import { type PartName, partNames, runReport } from "./run.js";

/** `npm run report:tokens [-- --json] [--quick] [--only NAME]`: what limits on tokens hold, miss and cost, through Envoy. */
const flag = { type: "boolean" } as const;
const { values } = parseArgs({ options: { json: flag, quick: flag, only: { type: "string" } } });
const plan = values.quick ? quickPlan : fullPlan;
const say = (text: string) => process.stderr.write(`report: ${text}\n`);
const only = partNames.find((name) => name === values.only);
if (values.only !== undefined && !only) throw new Error(`--only must be one of ${partNames.join(", ")}`);
const parts: readonly PartName[] = only ? [only] : partNames;

const folder = mkdtempSync(join(tmpdir(), "weir-report-"));
// Children are killed when this process exits, each by a listener of its own.
process.setMaxListeners(100);
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
setTimeout(() => {
  say(`not done after ${plan.deadlineMs / 1000} s, giving up`);
  process.exit(1);
}, plan.deadlineMs).unref();

const report = await runReport(parts, plan, folder, say);
process.stdout.write(`${values.json ? JSON.stringify(report) : formatReport(report)}\n`);
