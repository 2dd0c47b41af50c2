import { setTimeout as sleep } from "node:timers/promises";
import { groupsOf } from "../analysis/groups.js";
import { isSameStream, readStream } from "../analysis/wholeness.js";
import { Client } from "../load/client.js";
import { inLanes } from "../load/lanes.js";
import { promptOf } from "../load/prompt.js";
import { apiEntry, hostOf, type Mode, modeNames, modes, NEVER_REACHED } from "../modes.js";
import type { Plan } from "../plan.js";
import { patient } from "../stack/envoy-config.js";
import { startStack } from "../stack/stack.js";

export type DeathReport = Readonly<Record<Mode, DeathResult>>;

/** What became of streams in whose middle weir was killed. */
export interface DeathResult {
  readonly streams: number;
  /** Under way when it happened, some pieces passed and some not. */
  readonly openStreams: number;
  /** That had the same text to the end as one that nothing happened to. */
  readonly wholeStreams: number;
  /** That told their clients the usage, which they had not asked for. */
  readonly withUsage: number;
  /** What requests that came afterwards were answered, by status. */
  readonly answersWhileAway: Readonly<Record<number, number>>;
}

const PACE_MS = 20;
const PROMPT_WORDS = 40;
const LOOK_MS = 5;

export async function measureDeath(
  plan: Plan["death"],
  folder: string,
  say: (line: string) => void,
): Promise<DeathReport> {
  const results: Partial<Record<Mode, DeathResult>> = {};
  for (const mode of modeNames) {
    say(mode);
    results[mode] = await killWithin(mode, plan, folder);
  }
  return results as DeathReport;
}

async function killWithin(mode: Mode, plan: Plan["death"], folder: string): Promise<DeathResult> {
  const { streams, pieces, requestsWhileAway } = plan;
  const limits = [{ totalTokens: NEVER_REACHED, per: "year" }];
  const policy = { version: 1, apis: [apiEntry(mode, modes[mode], limits)] };
  const stack = await startStack(policy, { gateway: patient }, folder);
  const client = new Client(stack.envoys.gateway.port);
  const ask = (pace_ms: number) => {
    const cost = { prompt: PROMPT_WORDS, completion: pieces };
    const body = { model: "double-1", messages: promptOf(PROMPT_WORDS), stream: true, cost, pieces, pace_ms };
    return client.ask({ host: hostOf(mode), body });
  };
  try {
    const reference = await ask(0);
    if (!isSameStream(reference, reference.body))
      throw new Error(`no stream to compare with: ${reference.body}`);
    const lengthMs = pieces * PACE_MS;
    // Spread over half of the length of one, so that the end comes to each at another piece.
    const lanes = { width: streams, staggerMs: lengthMs / 2 / streams };
    const running = inLanes(streams, lanes, () => ask(PACE_MS));
    const open = () =>
      stack.llm.answers.filter(({ end, completion }) => end === "under way" && completion > 0);
    const latestMs = performance.now() + lengthMs;
    while (open().length < streams && performance.now() < latestMs) await sleep(LOOK_MS);
    const openStreams = open().length;
    stack.weir.child.kill("SIGKILL");
    await stack.weir.child.exited;
    const away = await inLanes(requestsWhileAway, { width: 10, staggerMs: 0 }, () => ask(0));
    const records = await running;
    const statuses = groupsOf(away, ({ status }) => status);
    return {
      ...{ streams, openStreams },
      wholeStreams: records.filter((record) => isSameStream(record, reference.body)).length,
      withUsage: records.filter(({ body }) => readStream(body).hasUsage).length,
      answersWhileAway: Object.fromEntries([...statuses].map(([status, { length }]) => [status, length])),
    };
  } finally {
    client.close();
    await stack.stop();
  }
}
