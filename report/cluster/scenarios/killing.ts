import { setTimeout as sleep } from "node:timers/promises";
import { rounded } from "../analysis/spread.js";
import type { ClusterNode } from "../stack/node.js";

/** Nodes that were killed while the load went on. */
export interface KillingReport {
  readonly kills: number;
  /** From the signal until the node served again, in the mean. */
  readonly meanDownMs: number;
}

/** Kills the nodes in turn, and starts each again at once. Times are of the day. */
export async function killInTurn(
  nodes: readonly ClusterNode[],
  firstMs: number,
  everyMs: number,
  endMs: number,
  say: (line: string) => void,
): Promise<KillingReport> {
  const downMs: number[] = [];
  for (let kill = 0; firstMs + kill * everyMs < endMs; kill++) {
    await sleep(Math.max(0, firstMs + kill * everyMs - Date.now()));
    const node = nodes[kill % nodes.length] as ClusterNode;
    const killedMs = Date.now();
    await node.kill();
    await node.start();
    downMs.push(Date.now() - killedMs);
    say(`node ${(kill % nodes.length) + 1} killed, serves again after ${downMs.at(-1)} ms`);
  }
  const sum = downMs.reduce((total, ms) => total + ms, 0);
  return { kills: downMs.length, meanDownMs: rounded(sum / Math.max(1, downMs.length), 0) };
}
