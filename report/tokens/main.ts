import { runReportCommand } from "../command.js";
import { formatReport } from "./format/report.js";
import { fullPlan, quickPlan } from "./plan.js";
import { partNames, runReport } from "./run.js";

/** `npm run report:tokens [-- --json] [--quick] [--only NAME]`: what limits on tokens hold, miss and cost, through Envoy. */
await runReportCommand({
  parts: partNames,
  plans: { full: fullPlan, quick: quickPlan },
  run: runReport,
  format: formatReport,
});
