import { accountFor } from "../analysis/account.js";
import { groupsOf } from "../analysis/groups.js";
import { Client } from "../load/client.js";
import { inLanes } from "../load/lanes.js";
import { promptOf } from "../load/prompt.js";
import { apiEntry, hostOf, type Mode, modeNames, modes, NEVER_REACHED } from "../modes.js";
import type { VolumePlan } from "../plan.js";
import { patient } from "../stack/envoy-config.js";
import { settledLedger } from "../stack/ledger.js";
import { startStack } from "../stack/stack.js";

export type VolumeReport = Readonly<Record<Mode, VolumeResult>>;

/** What became of many short answers, one after the other on connections that stay. */
export interface VolumeResult {
  /** How many were answered what, by status: nothing here should be refused. */
  readonly answers: Readonly<Record<number, number>>;
  readonly requestsPerSecond: number;
  /** Answers of the model server that the ledger has no line of, or several. */
  readonly missingLines: number;
  readonly doubleLines: number;
  /** That told what they used, and were charged something else. */
  readonly unequal: number;
  /** That passed with nothing reserved, where something should have been. */
  readonly unreserved: number;
}

const COST = { prompt: 5, completion: 11 };

/** Each mode has an Envoy and a weir of its own, so that what one does to their connections is not on the next. */
export async function measureVolume(
  plan: VolumePlan,
  folder: string,
  say: (line: string) => void,
): Promise<VolumeReport> {
  const results: Partial<Record<Mode, VolumeResult>> = {};
  for (const mode of modeNames) {
    say(mode);
    results[mode] = await pass(mode, plan, folder);
  }
  return results as VolumeReport;
}

async function pass(mode: Mode, plan: VolumePlan, folder: string): Promise<VolumeResult> {
  const limits = [{ totalTokens: NEVER_REACHED, per: "year" }];
  const policy = { version: 1, apis: [apiEntry(mode, modes[mode], limits)] };
  const stack = await startStack(policy, { gateway: patient }, folder);
  const client = new Client(stack.envoys.gateway.port);
  const body = { model: "double-1", messages: promptOf(COST.prompt), max_tokens: 50, cost: COST };
  try {
    const startedMs = performance.now();
    const lanes = { width: plan.requestsAtATime, staggerMs: 0 };
    const records = await inLanes(plan.requests, lanes, () => client.ask({ host: hostOf(mode), body }));
    const elapsedMs = performance.now() - startedMs;
    const exchanges = stack.llm.answers.map(({ requestId, prompt, completion }) => ({
      ...{ requestId, made: { input: prompt, output: completion } },
      ...{ isTold: true, kind: mode },
    }));
    const ids = exchanges.map(({ requestId }) => requestId);
    const ledger = await settledLedger(stack.weir, ids);
    const { missingLines, doubleLines, told } = accountFor(exchanges, ledger);
    const statuses = groupsOf(records, ({ status }) => status);
    return {
      answers: Object.fromEntries([...statuses].map(([status, { length }]) => [status, length])),
      requestsPerSecond: Math.round((records.length * 1000) / elapsedMs),
      ...{ missingLines: missingLines.length, doubleLines: doubleLines.length },
      unequal: told.unequal.length,
      unreserved: mode === "chargeAfter" ? 0 : ledger.filter(({ reserved }) => reserved === null).length,
    };
  } finally {
    client.close();
    await stack.stop();
  }
}
