import { setTimeout as sleep } from "node:timers/promises";
import type { LedgerLine } from "../../../demo/stack/ledger.js";
import type { Answer } from "../../../demo/stack/llm.js";
import { type Account, accountFor, type Exchange } from "../analysis/account.js";
import { Chance } from "../load/chance.js";
import { Client, type StreamRecord } from "../load/client.js";
import { inLanes } from "../load/lanes.js";
import { promptOf } from "../load/prompt.js";
import { apiEntry, hostOf, type Mode, modeNames, modes, NEVER_REACHED } from "../modes.js";
import type { AbortsPlan } from "../plan.js";
import { patient } from "../stack/envoy-config.js";
import { settledLedger } from "../stack/ledger.js";
import { type Stack, startStack } from "../stack/stack.js";

export interface AbortsReport extends Account {
  readonly sentRequests: number;
  /** That the client got whole. */
  readonly wholeStreams: number;
  readonly counter: {
    /** What the limit on all requests has lost, by what a last one is told. */
    readonly used: number;
    /** What the ledger says was charged to it. */
    readonly charged: number;
  };
}

/** How a stream is to end, by how often: left by its client at the one time or the other, or reset by the model server. */
const fates = { whole: 8, left: 6, leftBeforeAnswer: 2, leftWhileDecided: 2, reset: 3 } as const;
type Fate = keyof typeof fates;

/** What a client asks to be told of the usage, by how often. */
const askings = { continuously: 1, atTheEnd: 1, never: 1 } as const;
type Asking = keyof typeof askings;

interface Planned {
  readonly mode: Mode;
  readonly fate: Fate;
  readonly asking: Asking;
  readonly pieces: number;
  readonly promptWords: number;
  /** Null where it is not left. */
  readonly leaveAfterMs: number | null;
  /** Where it is reset. */
  readonly resetAfter: number;
}

const PACE_MS = 50;
const PIECES = [40, 80] as const;
/** In which all begin; the shortest takes twice as long, so all are under way at once. */
const BEGINNINGS_MS = 1_000;
const PROMPT_WORDS = [10, 200] as const;
/** Until an answer begins, where it is left before. */
const THINKING_MS = 500;
/** How long weir and Envoy are about a request before it passes. */
const DECIDING_MS = 10;
const UNDER_WAY_MS = 10;

export async function measureAborts(
  plan: AbortsPlan,
  folder: string,
  say: (line: string) => void,
): Promise<AbortsReport> {
  const stack = await startStack(policy, { gateway: patient }, folder);
  const client = new Client(stack.envoys.gateway.port);
  try {
    const chance = new Chance(plan.seed);
    const planned = Array.from({ length: plan.streams }, () => draw(chance));
    say(`${planned.length} streams`);
    const lanes = { width: planned.length, staggerMs: BEGINNINGS_MS / planned.length };
    const records = await inLanes(planned.length, lanes, (n) => ask(client, planned[n] as Planned, n));
    const { answers } = stack.llm;
    while (answers.some(({ end }) => end === "under way")) await sleep(UNDER_WAY_MS);
    say("waiting for the ledger");
    const ids = answers.map(({ requestId }) => requestId);
    const ledger = await settledLedger(stack.weir, ids, plan.lingerMs);
    const exchanges = answers.map((answer) => exchangeOf(answer, planned, records));
    return {
      ...accountFor(exchanges, ledger),
      sentRequests: records.length,
      wholeStreams: records.filter(({ isWhole }) => isWhole).length,
      counter: { used: await counterOf(client, stack), charged: chargedTo(ledger) },
    };
  } finally {
    client.close();
    await stack.stop();
  }
}

/** One counter for everything, which is not begun anew meanwhile. */
const policy = {
  version: 1,
  gateway: { limits: [{ totalTokens: NEVER_REACHED, per: "year" }] },
  apis: modeNames.map((mode) => apiEntry(mode, modes[mode])),
};

function draw(chance: Chance): Planned {
  const pieces = chance.whole(...PIECES);
  const fate = chance.pick(fates);
  const leaveWithin = leaveWithinMs(fate, pieces);
  return {
    ...{ mode: chance.pick({ chargeAfter: 1, reserve: 1, hide: 1 }), fate, asking: chance.pick(askings) },
    ...{ pieces, promptWords: chance.whole(...PROMPT_WORDS) },
    leaveAfterMs: leaveWithin === null ? null : chance.fraction() * leaveWithin,
    resetAfter: chance.whole(1, pieces),
  };
}

/** In milliseconds since the request was sent. */
function leaveWithinMs(fate: Fate, pieces: number): number | null {
  switch (fate) {
    case "left":
      return pieces * PACE_MS;
    case "leftBeforeAnswer":
      return THINKING_MS;
    case "leftWhileDecided":
      return DECIDING_MS;
    default:
      return null;
  }
}

/** The model server's words are a token each, and so are the prompt's. */
function ask(client: Client, planned: Planned, index: number): Promise<StreamRecord> {
  const { mode, fate, asking, pieces, promptWords, leaveAfterMs, resetAfter } = planned;
  const options = {
    continuously: { stream_options: { include_usage: true, continuous_usage_stats: true } },
    atTheEnd: { stream_options: { include_usage: true } },
    never: {},
  };
  const body = {
    ...{ model: "double-1", user: String(index), messages: promptOf(promptWords), max_tokens: pieces },
    ...{ stream: true, ...options[asking], cost: { prompt: promptWords, completion: pieces } },
    ...{ pieces, pace_ms: PACE_MS },
    ...(fate === "leftBeforeAnswer" ? { delay_ms: THINKING_MS } : {}),
    ...(fate === "reset" ? { reset_after: resetAfter } : {}),
  };
  return client.ask({ host: hostOf(mode), body, ...(leaveAfterMs === null ? {} : { leaveAfterMs }) });
}

function exchangeOf(
  { requestId, request, prompt, completion, told, end }: Answer,
  planned: readonly Planned[],
  records: readonly StreamRecord[],
): Exchange {
  const index = Number(request.user);
  const [plan, record] = [planned[index], records[index]];
  if (!plan || !record) throw new Error(`the model server was asked for ${request.user} by nobody`);
  const telling =
    told === null ? "nothing told" : plan.asking === "continuously" ? "told as it went" : "told";
  return {
    requestId,
    made: { input: prompt, output: completion },
    isTold: end === "complete" && told !== null && record.isWhole,
    kind: `${plan.mode}, ${plan.fate}, ${telling}`,
  };
}

/** An error costs nothing, so the request that asks for it leaves the counter as it is. */
async function counterOf(client: Client, { llm }: Stack<string>): Promise<number> {
  const before = llm.answers.length;
  const body = { model: "double-1", messages: promptOf(1), status: 500 };
  const { status, headers } = await client.ask({ host: hostOf("chargeAfter"), body });
  const left = Number(headers["x-ratelimit-remaining-tokens"]);
  if (status !== 500 || Number.isNaN(left) || llm.answers.length !== before) {
    throw new Error(`the counter cannot be read: ${status} ${JSON.stringify(headers)}`);
  }
  return NEVER_REACHED - left;
}

function chargedTo(ledger: readonly LedgerLine[]): number {
  return ledger.flatMap(({ limits }) => limits).reduce((sum, { amount }) => sum + amount, 0);
}
