import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Envoy, startEnvoy } from "../../../demo/stack/envoy.js";
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

const ENVOY_FILE = "report/cluster/envoy.yaml";

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
      nodes.map(({ port }, index) =>
        startEnvoy(ENVOY_FILE, { weir: port, backend: backend.port }, join(folder, `node-${index + 1}`)),
      ),
    );
    return { keeper, nodes, envoys, stop: () => parts.stop() };
  } catch (error) {
    await parts.stop();
    throw error;
  }
}
