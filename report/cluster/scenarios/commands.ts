import { rounded } from "../analysis/spread.js";
import { fourLimitsPolicy, LIMITS_PER_REQUEST, USERS } from "../four-limits.js";
import type { ChecksReport } from "../load/checks.js";
import type { Plan } from "../plan.js";
import { startBareNodes } from "../stack/nodes.js";
import { readCommandCounts } from "./command-stats.js";

/** What Redis is asked for a decision. */
export interface CommandsReport {
  readonly nodes: number;
  readonly limitsPerRequest: number;
  readonly users: number;
  readonly targetDecisionsPerSecond: number;
  /** Every limit admits all. */
  readonly allAdmitted: CommandsResult;
  /** The API's limit is a third of the load. */
  readonly thirdAdmitted: CommandsResult;
}

export interface CommandsResult {
  readonly load: ChecksReport;
  readonly decisionsPerSecond: number;
  /** Of these, made without Redis: above 0, the figures are too low. */
  readonly fallbackDecisions: number;
  /** Calls of EVAL and EVALSHA by the nodes, signs of life included. */
  readonly scriptCalls: number;
  readonly scriptCallsPerDecision: number;
  readonly scriptCallsPerSecond: number;
  /** Run by those scripts. */
  readonly commandsInScripts: number;
  readonly commandsInScriptsPerDecision: number;
}

export const NODES = 3;
export const DECISIONS_PER_SECOND = 5_000;

export async function measureCommands(
  { warmUpMs, measureMs }: Plan["commands"],
  folder: string,
  say: (line: string) => void,
): Promise<CommandsReport> {
  const measure = async (what: string, apiPerSecond?: number): Promise<CommandsResult> => {
    say(what);
    const policy = (store: object) => fourLimitsPolicy({ ...store }, apiPerSecond);
    const running = await startBareNodes(NODES, "leased", policy, folder);
    try {
      const { client, keeper } = running;
      if (!keeper) throw new Error("no Redis to count commands in");
      await client.run(DECISIONS_PER_SECOND, warmUpMs);
      const fallbacksBefore = await running.fallbacks();
      const before = await readCommandCounts(keeper.server);
      const load = await client.run(DECISIONS_PER_SECOND, measureMs);
      const after = await readCommandCounts(keeper.server);
      const decisions = load.allowedRequests + load.deniedRequests;
      const scriptCalls = after.scripts - before.scripts;
      const commandsInScripts = after.insideScripts - before.insideScripts;
      const fallbackDecisions = (await running.fallbacks()) - fallbacksBefore;
      return {
        load,
        fallbackDecisions,
        decisionsPerSecond: rounded((decisions * 1000) / load.elapsedMs, 0),
        scriptCalls,
        scriptCallsPerDecision: rounded(scriptCalls / decisions, 4),
        scriptCallsPerSecond: rounded((scriptCalls * 1000) / load.elapsedMs, 1),
        commandsInScripts,
        commandsInScriptsPerDecision: rounded(commandsInScripts / decisions, 4),
      };
    } finally {
      await running.stop();
    }
  };
  return {
    nodes: NODES,
    limitsPerRequest: LIMITS_PER_REQUEST,
    users: USERS,
    targetDecisionsPerSecond: DECISIONS_PER_SECOND,
    allAdmitted: await measure("all admitted"),
    thirdAdmitted: await measure("a third admitted", DECISIONS_PER_SECOND / 3),
  };
}
