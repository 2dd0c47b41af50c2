import { runReportCommand } from "../command.js";
import { formatReport } from "./format/report.js";
import { fullPlan, quickPlan } from "./plan.js";
import { partNames, runReport } from "./run.js";

if (process.platform !== "linux") throw new Error("the report reads CPU time from /proc, which needs Linux");

/** `npm run report:cluster [-- --json] [--quick] [--only NAME]`: what nodes that share counters in Redis hold, and cost. */
await runReportCommand({
  parts: partNames,
  plans: { full: fullPlan, quick: quickPlan },
  run: runReport,
  format: formatReport,
});
