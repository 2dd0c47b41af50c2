import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Envoy, startEnvoy } from "../../../demo/stack/envoy.js";
import { envoyConfig } from "../../../demo/stack/envoy-config.js";
import type { StoreEntry } from "../policy.js";
import { startArrivals } from "./backend.js";
import type { Keeper } from "./keeper.js";
import { type ClusterNode, startNode } from "./node.js";
import { Parts } from "./parts.js";

/** Nodes that share counters, each with a gateway of its own, and one backend behind all gateways. */
export interface Cluster {
  readonly keeper: Keeper;
  readonly nodes: readonly ClusterNode[];
  readonly envoys: readonly Envoy[];
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly folder: string;
  readonly keeper: Promise<Keeper>;
  readonly policy: (place: StoreEntry) => string;
  /** One for each node. */
  readonly clockOffsetsMs: readonly number[];
  readonly onArrived: (number: number, atMs: number) => void;
}

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { folder, policy, clockOffsetsMs, onArrived } = options;
  const parts = new Parts();
  try {
    const keeper = await parts.start(options.keeper);
    const nodes = await parts.startAll(
      clockOffsetsMs.map(async (clockOffsetMs, index) => {
        const ownFolder = join(folder, `node-${index + 1}`);
        await mkdir(ownFolder, { recursive: true });
        const policyFile = join(ownFolder, "policy.yaml");
        await writeFile(policyFile, policy(keeper.place));
        return startNode({ policyFile, folder: ownFolder, clockOffsetMs });
      }),
    );
    const backend = await parts.start(startArrivals(onArrived));
    const envoys = await parts.startAll(
      nodes.map(async ({ port }, index) => {
        const ownFolder = join(folder, `node-${index + 1}`);
        const text = withBackend(await readFile(join(ownFolder, "policy.yaml"), "utf8"), backend.port);
        const configFile = join(ownFolder, "envoy.yaml");
        await writeFile(configFile, envoyConfig(text, [port]));
        return startEnvoy(configFile, ownFolder);
      }),
    );
    return { keeper, nodes, envoys, stop: () => parts.stop() };
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

/** @param policy JSON, as the reports write it */
function withBackend(policy: string, port: number): string {
  const backends = { production: { url: `http://127.0.0.1:${port}` } };
  const { gateway, ...rest } = JSON.parse(policy);
  return JSON.stringify({ ...rest, gateway: { ...gateway, backends } });
}
