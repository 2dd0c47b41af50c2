import { runReportCommand } from "../command.js";
import { type Decisions, measureDecisions } from "./decisions.js";
import { type Generation, measureGeneration } from "./generation.js";
import { fullPlan, quickPlan, type Size, sizes } from "./plan.js";

export interface GatewayReport {
  readonly generation?: Readonly<Record<Size, Generation>>;
  readonly decisions?: Decisions;
}

/** `npm run report:gateway [-- --json] [--quick] [--only NAME]`: what a large policy costs, through Envoy. */
await runReportCommand({
  parts: ["generation", "decisions"] as const,
  plans: { full: fullPlan, quick: quickPlan },
  async run(parts, plan, folder, say): Promise<GatewayReport> {
    say("making configurations");
    const generation = parts.includes("generation") ? await measureGeneration(plan, folder) : undefined;
    say("asking gateways");
    const decisions = parts.includes("decisions") ? await measureDecisions(plan, folder) : undefined;
    return { ...(generation && { generation }), ...(decisions && { decisions }) };
  },
  format({ generation, decisions }) {
    const made = generation
      ? sizes.map((size) => {
          const { apis, resources, generatedMs, kilobytes, loadedMs } = generation[size];
          const output = `${kilobytes} kB in ${generatedMs} ms, validated by Envoy in ${loadedMs} ms`;
          return `${size}: ${apis} APIs, ${resources} resources: ${output}`;
        })
      : [];
    const decided = decisions
      ? [
          ...sizes.map((size) => {
            const { envoyUs, weirUs } = decisions.costs[size];
            return `${size}: CPU of a request: Envoy ${envoyUs} µs, weir ${weirUs} µs`;
          }),
          `large to small: Envoy ${decisions.ratios.envoy} times, weir ${decisions.ratios.weir} times`,
        ]
      : [];
    return [...made, ...decided].join("\n");
  },
});
