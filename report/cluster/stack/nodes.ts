import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CheckClient } from "../load/checks.js";
import type { StoreEntry } from "../policy.js";
import { type Keeper, startSingle } from "./keeper.js";
import { type ClusterNode, startNode } from "./node.js";
import { Parts } from "./parts.js";

/** Nodes without gateways, to be asked directly. */
export interface BareNodes {
  /** Null where each node counts for itself. */
  readonly keeper: Keeper | null;
  readonly nodes: readonly ClusterNode[];
  readonly client: CheckClient;
  /** Decisions of all nodes so far that were made without Redis, where there is one. */
  fallbacks(): Promise<number>;
  stop(): Promise<void>;
}

export type Mode = "memory" | "leased" | "strict";

/** Patient, so that every decision is counted in Redis even where this machine is held up. */
const DEADLINE_MS = 1_000;

/** As many as asked for, with what is common to all. Logs and policies go to `parentFolder`. */
export async function startBareNodes(
  count: number,
  mode: Mode,
  policy: (store: StoreEntry) => string,
  parentFolder: string,
): Promise<BareNodes> {
  const folder = await mkdtemp(join(parentFolder, `${mode}-`));
  const parts = new Parts();
  try {
    const keeper = mode === "memory" ? null : await parts.start(startSingle());
    const shared = { kind: "redis", mode, prefix: "report", deadlineMs: DEADLINE_MS };
    const store = keeper ? { ...shared, ...keeper.place } : { kind: "memory" };
    const nodes = await parts.startAll(
      Array.from({ length: count }, async (_, index) => {
        const ownFolder = join(folder, `node-${index + 1}`);
        await mkdir(ownFolder);
        const policyFile = join(ownFolder, "policy.yaml");
        await writeFile(policyFile, policy(store));
        return startNode({ policyFile, folder: ownFolder });
      }),
    );
    const client = await CheckClient.open(nodes.map(({ port }) => port));
    const stop = async () => {
      client.close();
      await parts.stop();
    };
    const fallbacks = async () => {
      const counts = await Promise.all(nodes.map((node) => node.metric("weir_fallback_decisions_total")));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    return { keeper, nodes, client, fallbacks, stop };
  } catch (error) {
    await parts.stop();
    throw error;
  }
}
