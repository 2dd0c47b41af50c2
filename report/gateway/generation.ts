import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findEnvoy } from "../../demo/stack/envoy.js";
import { WEIR_MAIN } from "../../demo/stack/weir.js";
import { rounded } from "../cluster/analysis/spread.js";
import { type GatewayPlan, type Size, sizes } from "./plan.js";
import { gatewayPolicy } from "./policy.js";

export interface Generation {
  readonly apis: number;
  readonly resources: number;
  /** Of the whole command, from its start to its end. */
  readonly generatedMs: number;
  readonly kilobytes: number;
  /** `envoy --mode validate`, from its start to its end. */
  readonly loadedMs: number;
}

/** What it takes to make Envoy's configuration, and Envoy to take it. */
export async function measureGeneration(
  plan: GatewayPlan,
  folder: string,
): Promise<Record<Size, Generation>> {
  const measured: [Size, Generation][] = [];
  for (const size of sizes) {
    const apis = plan.apis[size];
    const policyFile = join(folder, `${size}-policy.yaml`);
    const configFile = join(folder, `${size}-envoy.yaml`);
    const policy = gatewayPolicy(apis, plan.resourcesPerApi).replaceAll(
      /backend-\w+:8080/g,
      "127.0.0.1:8080",
    );
    await writeFile(policyFile, policy);
    const generation = timed(process.execPath, [WEIR_MAIN, "envoy", policyFile]);
    await writeFile(configFile, generation.out);
    const loading = timed(findEnvoy(), ["--mode", "validate", "-c", configFile]);
    const kilobytes = Math.round(generation.out.length / 1000);
    const times = { generatedMs: generation.ms, loadedMs: loading.ms };
    measured.push([size, { apis, resources: apis * plan.resourcesPerApi, kilobytes, ...times }]);
  }
  return Object.fromEntries(measured) as Record<Size, Generation>;
}

function timed(command: string, args: readonly string[]): { out: string; ms: number } {
  const startedMs = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${command} ended with ${status}:\n${stderr.slice(-2000)}`);
  return { out: stdout, ms: rounded(performance.now() - startedMs, 0) };
}
