import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryStore } from "../../src/counters/memory.js";
import type { Gate } from "../../src/decision/gate.js";
import type { Attendance } from "../../src/envoy/attendance.js";
import { LearnedEstimates } from "../../src/inference/estimate.js";
import type { Charge, Limit } from "../../src/policy/limit.js";
import type { Policy } from "../../src/policy/policy.js";
import { ofModel, selectCharges } from "../../src/policy/select.js";
import { createLogger } from "../../src/telemetry/logger.js";
import type { LedgerLine } from "../e2e/ledger.js";
import { createMetrics } from "../support/metrics.js";
import { aiPolicyContent, callers } from "./ai-policies.js";
import { CountModel, type Entry } from "./count-model.js";
import { EnvoyExchange, type Watcher } from "./exchange.js";
import { policyOf } from "./policies.js";

const START = Date.UTC(2026, 0, 1, 11, 59, 50);

/** What becomes of a request that may pass. */
const fates = [
  "complete",
  "refused",
  "aborted before the response",
  "aborted as the response began",
  "aborted in the middle",
  "stopped in the middle",
  "answered by Envoy",
  "too late, refused",
  "too late, passed",
] as const;

const plan = fc.record({
  key: fc.constantFrom(...callers),
  model: fc.constantFrom("m-1", "n-1", "other", null),
  answering: fc.constantFrom("m-1", "n-1", undefined),
  words: fc.integer({ min: 0, max: 80 }),
  maxTokens: fc.option(fc.integer({ min: 1, max: 80 })),
  hasBody: fc.integer({ min: 0, max: 7 }).map((one) => one > 0),
  prompt: fc.integer({ min: 0, max: 90 }),
  completion: fc.integer({ min: 0, max: 90 }),
  stream: fc.boolean(),
  tells: fc.boolean(),
  fate: fc.constantFrom(...fates),
  order: fc.constantFrom<readonly Watcher[]>(["admission", "metering"], ["metering", "admission"]),
  atOnce: fc.boolean(),
});
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("start" as const), plan }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("go on" as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 50_000 }) }),
  },
);
const script = fc.array(step, { minLength: 20, maxLength: 120 });
type Script = typeof script extends fc.Arbitrary<infer S> ? S : never;

function requestBody({ model, words, maxTokens, stream }: Plan): Buffer {
  const messages = [{ role: "user", content: "word ".repeat(words) }];
  return Buffer.from(
    JSON.stringify({
      ...(model && { model }),
      messages,
      stream,
      ...(maxTokens && { max_tokens: maxTokens }),
    }),
  );
}

function responseBody({ answering, prompt, completion, stream, tells }: Plan): Buffer {
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  const said = { model: answering, ...(tells && { usage }) };
  const content = "is ".repeat(Math.min(completion, 20));
  if (!stream) return Buffer.from(JSON.stringify({ ...said, choices: [{ message: { content } }] }));
  const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
  const last = tells ? event({ ...said, choices: [] }) : "";
  return Buffer.from(`${event({ choices: [{ delta: { content } }] })}${last}data: [DONE]\n\n`);
}

/** An exchange that is under way. */
interface Open {
  readonly id: string;
  readonly rest: (() => Promise<void>)[];
}

/** What is to be seen of an exchange when all is over. */
interface Seen {
  readonly plan: Plan;
  readonly outcome: "denied" | "decided" | "admitted";
  lines: number;
}

/** Plays exchanges against a policy and keeps account of what they should come to. */
class Play {
  readonly #store = new MemoryStore({ maxCounters: 100_000 });
  readonly #model: CountModel;
  readonly #attendance: Attendance;
  readonly #policy: Policy;
  readonly #lines: LedgerLine[] = [];
  readonly #open: Open[] = [];
  readonly #admittedAt = new Map<
    string,
    { at: number; holds: readonly { limit: string; key: string }[]; ofModels: readonly Charge[] }
  >();
  readonly seen = new Map<string, Seen>();
  #now = START;

  constructor(policy: Policy) {
    this.#policy = policy;
    this.#model = new CountModel(policy.limits);
    const gate: Gate = { policy, store: this.#store, now: () => this.#now };
    const log = createLogger("info", {
      write: (line: string) => {
        const entry = JSON.parse(line);
        if (entry.msg === "ledger") this.#lines.push(entry);
      },
    });
    this.#attendance = { gate, experience: new LearnedEstimates(), metrics: createMetrics(), log };
  }

  async run(steps: Script): Promise<void> {
    for (const one of steps) {
      if (one.kind === "wait") this.#now += one.ms;
      else if (one.kind === "start") await this.#start(one.plan);
      else if (this.#open.length > 0) await this.#goOn(one.which % this.#open.length);
      this.#compare();
    }
    while (this.#open.length > 0) await this.#goOn(0);
    this.#compare();
  }

  async #start(plan: Plan): Promise<void> {
    const id = `x${this.seen.size}`;
    const body = plan.hasBody ? requestBody(plan) : null;
    const envoy = new EnvoyExchange(this.#attendance, { id, key: plan.key, body });
    const decision = await envoy.check();
    if (decision.kind === "deny") {
      this.seen.set(id, { plan, outcome: "denied", lines: 0 });
      return;
    }
    const isLate = plan.fate === "too late, passed" || plan.fate === "too late, refused";
    const requests = selectCharges(this.#policy, decision.subject).filter(
      ({ limit }) => limit.unit === "requests",
    );
    const ofModels = requests.filter(({ limit }) => limit.model !== null);
    this.#take(id, this.#fitting(requests.filter(({ limit }) => limit.model === null)));
    const word = await envoy.admit(!isLate);
    this.seen.set(id, { plan, outcome: word.kind, lines: 0 });
    if (word.kind === "denied") {
      // Unheard, the denial keeps nobody: the request counts as one.
      if (!isLate) this.#model.set(id, []);
      this.#open.push({ id, rest: [() => envoy.respond("429", "application/json"), closing(envoy, plan)] });
      return;
    }
    if (word.kind === "admitted") {
      const own = this.#fitting(ofModel(ofModels, plan.hasBody ? plan.model : null));
      const held = envoy.charged.filter(({ limit }) => limit.unit !== "requests");
      for (const { limit, key, amount } of [...own, ...held]) {
        const used = this.#model.used(limit, key, this.#now);
        assert.ok(used + amount <= limit.max, `${limit.id} ${key}: ${used} and ${amount} of ${limit.max}`);
      }
      const { holds } = word.reservation;
      assert.deepEqual(
        holds.map(({ limit, key, amount }) => [limit, key, amount]),
        held.map(({ limit, key, amount }) => [limit.id, key, amount]),
      );
      this.#admittedAt.set(id, { at: this.#now, holds, ofModels });
      if (!isLate) this.#take(id, [...own, ...held]);
    }
    this.#open.push({ id, rest: this.#courseOf(id, plan, envoy, word.kind === "admitted", ofModels) });
  }

  /** What happens to the exchange from here on, one after the other. */
  #courseOf(id: string, plan: Plan, envoy: EnvoyExchange, isAdmitted: boolean, ofModels: readonly Charge[]) {
    const type = plan.stream ? "text/event-stream" : "application/json";
    const body = responseBody(plan);
    const half = Math.floor(body.length / 2);
    const letGo = () => envoy.letGo();
    const answer = () => envoy.respond("200", type);
    const begin = () => envoy.sendBody(body.subarray(0, half), false);
    const finish = () => envoy.sendBody(body.subarray(half), true);
    const close = closing(envoy, plan);
    switch (plan.fate) {
      case "complete":
        return [letGo, answer, begin, finish, close];
      case "refused":
        return [letGo, () => envoy.respond("503", type), close];
      case "aborted before the response":
        return [letGo, close];
      case "aborted as the response began":
        return [letGo, () => envoy.respond("200", type, ["metering"]), begin, close];
      case "aborted in the middle":
        return [letGo, answer, begin, close];
      case "stopped in the middle":
        return [letGo, answer, begin, () => envoy.stop()];
      case "answered by Envoy": {
        const local = async () => {
          await envoy.respondLocally("503");
          if (isAdmitted)
            this.#model.set(
              id,
              this.#model.of(id).filter(({ limit }) => this.#isAtOnce(limit)),
            );
        };
        return [local, close];
      }
      case "too late, refused":
        return [() => envoy.respondLocally("504"), close];
      case "too late, passed": {
        const settle = async () => {
          await finish();
          if (!isAdmitted) return;
          this.#take(id, ofModel(ofModels, (plan.tells ? plan.answering : null) ?? null));
        };
        return [letGo, answer, begin, settle, close];
      }
    }
  }

  async #goOn(index: number): Promise<void> {
    const { id, rest } = this.#open[index] as Open;
    await rest.shift()?.();
    if (rest.length === 0) this.#open.splice(index, 1);
    for (const line of this.#lines.splice(0)) {
      assert.equal(line.requestId ?? id, id);
      this.#settle(id, line);
    }
  }

  /** From now on what the line says is what the exchange used: where it was held, or else now. */
  #settle(id: string, { limits, model }: LedgerLine): void {
    const seen = this.seen.get(id);
    if (seen) seen.lines++;
    const admitted = this.#admittedAt.get(id);
    const isUnread = admitted && seen && !(seen.plan.hasBody && seen.plan.model);
    if (isUnread && model !== null && seen.plan.fate !== "too late, passed") {
      // The limits of a model that nobody could read learn of it from the response.
      const asked = ofModel(admitted.ofModels, null);
      this.#take(
        id,
        ofModel(admitted.ofModels, model).filter((charge) => !asked.includes(charge)),
      );
    }
    const requests = this.#model.of(id).filter(({ limit }) => this.#unitOf(limit) === "requests");
    const used = limits.map(({ limit, key = "", amount }): Entry => {
      const isHeld = admitted?.holds.some((hold) => hold.limit === limit && hold.key === key);
      const isLate = seen?.plan.fate === "too late, passed";
      return { limit, key, amount, at: isHeld && !isLate ? (admitted?.at ?? 0) : this.#now };
    });
    this.#model.set(id, [...requests, ...used]);
  }

  /** Puts it to the account of an exchange now. */
  #take(id: string, charges: readonly Charge[]): void {
    const entries = charges.map(({ limit, key, amount }) => ({
      limit: limit.id,
      key,
      amount,
      at: this.#now,
    }));
    this.#model.set(id, [...this.#model.of(id), ...entries]);
  }

  /** Without those of limits that only watch and are full. */
  #fitting(charges: readonly Charge[]): readonly Charge[] {
    return charges.filter(({ limit, key, amount }) => {
      return limit.enforced || this.#model.used(limit, key, this.#now) + amount <= limit.max;
    });
  }

  /** Whether ext_authz charges it, before the request is read. */
  #isAtOnce(limit: string): boolean {
    return this.#unitOf(limit) === "requests" && this.#policy.limits.get(limit)?.model === null;
  }

  #unitOf(limit: string): Limit["unit"] | undefined {
    return this.#policy.limits.get(limit)?.unit;
  }

  /** Holds the store against the account. */
  #compare(): void {
    for (const [limit, key] of this.#model.counters()) {
      const [standing] = this.#store.charge([{ limit, key, amount: 0 }], this.#now).standings;
      assert.ok((standing?.used ?? -1) >= 0, `${limit.id} ${key} is negative`);
      assert.equal(standing?.used, this.#model.used(limit, key, this.#now), `${limit.id} ${key}`);
    }
  }
}

const closing =
  (envoy: EnvoyExchange, { order, atOnce }: Plan) =>
  () =>
    envoy.close(order, atOnce);

/** How many lines of the ledger an exchange is to have. */
function linesOf({ plan, outcome }: Seen): number {
  if (outcome === "denied") return 0;
  const isUndone = plan.fate === "answered by Envoy" || plan.fate === "too late, refused";
  return outcome === "admitted" && isUndone ? 0 : 1;
}

describe("whatever becomes of exchanges with models, in whatever order", () => {
  test("counters hold what is held and what the ledger says, limits are never exceeded when one is admitted, and each has one line", async () => {
    await fc.assert(
      fc.asyncProperty(aiPolicyContent, script, async (content, steps) => {
        const play = new Play(policyOf(content));
        await play.run(steps);
        for (const [id, seen] of play.seen) {
          assert.equal(seen.lines, linesOf(seen), `${id} ${JSON.stringify(seen)}`);
        }
      }),
      { numRuns: 300 },
    );
  });
});
