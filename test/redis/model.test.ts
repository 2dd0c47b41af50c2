import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../demo/stack/redis.js";
import {
  beatScript,
  CHARGE_ARGUMENTS,
  chargeScript,
  SETTLE_ARGUMENTS,
  settleScript,
} from "../../src/redis/scripts.js";
import { WindowBook } from "../../src/redis/window-arguments.js";
import { type ChargeCall, RedisModel, type SettleCall } from "../simulation/redis-model.js";
import { limitOf, windowOf } from "../support/limits.js";

/** Redis drops keys by its real clock, so the time that a test sets is the real one's day to come. */
const START = Math.ceil(Date.now() / 86_400_000) * 86_400_000 + 43_230_000;
/** Scripts read the time from a key. */
const CLOCK = "local now = tonumber(redis.call('GET', 'clock'))\n";

const limits = [
  limitOf({ per: "second" }),
  limitOf({ per: "minute" }),
  { ...limitOf({ per: "day" }), window: windowOf("day", "Europe/Berlin") },
  limitOf({ per: "month" }),
  limitOf({ per: "sliding second" }),
  limitOf({ per: "sliding minute" }),
];

const small = fc.integer({ min: 0, max: 6 });
const max = fc.integer({ min: -2, max: 24 });
const node = fc.constantFrom("a", "b", "c");

/** Slots are told as so many windows or buckets from the one of now: mostly it, or the one before. */
const slot = fc.constantFrom(0, 0, 0, -1, -2, 1);

const chargePart = fc.record({ max, amount: small, enforced: fc.integer({ min: 0, max: 1 }) });
const settlePart = fc.record({
  ...{ max, want: fc.integer({ min: 0, max: 20 }), need: small },
  ...{ giveSlot: slot, giveAmount: small },
  ...{
    addBatch: fc.integer({ min: 1, max: 5 }),
    addAmount: fc.integer({ min: -8, max: 6 }),
    addSlot: fc.oneof(fc.constant(null), fc.constantFrom(0, 0, 0, -1, -2, -70, 1)),
    addUntilMs: fc.integer({ min: -50, max: 5_000 }),
  },
  ...{ drawnSlot: slot, drawnAmount: fc.integer({ min: 0, max: 12 }) },
});

/** Parts go to limits in turn, from the `first` on. */
const first = fc.nat({ max: limits.length - 1 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("charge" as const),
      first,
      parts: fc.array(chargePart, { minLength: 1, maxLength: limits.length }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ kind: fc.constant("settle" as const), node, nodes: fc.integer({ min: 1, max: 4 }), first },
      parts: fc.array(settlePart, { minLength: 1, maxLength: limits.length }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.oneof(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 100, max: 2_000 }),
        fc.integer({ min: -1_500, max: -1 }),
        fc.constantFrom(61_000, 86_400_000, -9_000),
      ),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What is asked of Redis, and what the model answers to the same. */
interface Asked {
  readonly command: readonly (string | number)[];
  readonly expected: unknown;
}

describe("the model of Redis that the simulation goes by", () => {
  let server: RedisServer;
  let client: Redis;
  const shas = { charge: "", settle: "", beat: "" };
  let runs = 0;

  before(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    client.on("error", () => {});
    const load = async (script: string) => String(await client.script("LOAD", script));
    shas.charge = await load(chargeScript(CLOCK));
    shas.settle = await load(settleScript(CLOCK));
    shas.beat = await load(beatScript(CLOCK));
  });
  after(async () => {
    client?.disconnect();
    await server?.stop();
  });

  /** Sends everything at once and compares what comes. */
  async function compare(asked: readonly Asked[]): Promise<void> {
    const pipeline = client.pipeline();
    for (const { command } of asked) pipeline.call(String(command[0]), ...command.slice(1));
    const replies = (await pipeline.exec()) ?? [];
    for (const [i, [error, reply]] of replies.entries()) {
      assert.equal(error, null, `step ${i}`);
      assert.deepEqual(reply, asked[i]?.expected, `answer ${i} to ${asked[i]?.command.join(" ")}`);
    }
    assert.equal(replies.length, asked.length);
  }

  test("answers to any sequence of calls what the scripts answer, and all keys expire when it says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) =>
        compare(play(steps, `run${++runs}`, shas)),
      ),
      { numRuns: 400 },
    );
  });

  test("counts the nodes that live as the script does", async () => {
    const beat = fc.record({ node, lifeMs: fc.constantFrom(5_000, 5_000, 300, 0), waitMs: fc.nat(4_000) });
    await fc.assert(
      fc.asyncProperty(fc.array(beat, { minLength: 1, maxLength: 12 }), (beats) => {
        const model = new RedisModel();
        const list = `nodes${++runs}`;
        let now = START;
        const asked = beats.flatMap(({ node, lifeMs, waitMs }): Asked[] => {
          now += waitMs;
          return [
            { command: ["SET", "clock", now], expected: "OK" },
            {
              command: ["EVALSHA", shas.beat, 1, list, node, lifeMs],
              expected: [now, model.beat(node, lifeMs, now)],
            },
          ];
        });
        return compare(asked);
      }),
      { numRuns: 100 },
    );
  });
});

function play(
  steps: readonly Step[],
  prefix: string,
  shas: { readonly charge: string; readonly settle: string },
): Asked[] {
  const model = new RedisModel();
  const windows = new WindowBook();
  const keys = limits.map((_, i) => `${prefix}:${i}`);
  const asked: Asked[] = [{ command: ["SET", "clock", START], expected: "OK" }];
  let now = START;
  /** A caller's idea of the time lags, and after a clock has stepped back it may be ahead. */
  let known = START;
  for (const step of steps) {
    if (step.kind === "wait") {
      known = now;
      now += step.ms;
      asked.push({ command: ["SET", "clock", now], expected: "OK" });
      continue;
    }
    const targets = step.parts.map((_, i) => (step.first + i) % limits.length);
    const called = targets.map((target) => {
      const [kind, a, b, c] = windows.argumentsOf(limits[target] as (typeof limits)[number], known);
      return { key: keys[target] as string, kind, a, b, c };
    });
    if (step.kind === "charge") {
      const calls = step.parts.map(
        (part, i): ChargeCall => ({ ...(called[i] as (typeof called)[number]), ...part }),
      );
      const args = calls.flatMap((call) => CHARGE_ARGUMENTS.map((name) => call[name]));
      const { at, admitted, told } = model.charge(calls, now);
      const expected = told
        ? [at, admitted ? 1 : 0, ...told.flatMap(({ used, resetAt, slot }) => [used, resetAt, slot])]
        : [at];
      asked.push({
        command: ["EVALSHA", shas.charge, calls.length, ...calls.map(({ key }) => key), ...args],
        expected,
      });
    } else {
      const calls = step.parts.map(({ addUntilMs, addSlot, ...part }, i): SettleCall => {
        const target = called[i] as (typeof called)[number];
        const slotAt = (apart: number) =>
          target.kind === "f" ? target.b + apart : (Math.floor(now / target.b) + 1 + apart) * target.b;
        const slots = { giveSlot: slotAt(part.giveSlot), drawnSlot: slotAt(part.drawnSlot) };
        const add =
          addSlot === null
            ? { addAmount: Math.abs(part.addAmount), addSlot: 0, addUntil: now + addUntilMs }
            : { addSlot: slotAt(addSlot), addUntil: slotAt(addSlot) + (target.kind === "s" ? target.a : 0) };
        return { ...target, ...part, ...slots, ...add };
      });
      const args = calls.flatMap((call) => SETTLE_ARGUMENTS.map((name) => call[name]));
      const { at, told } = model.settle(step.node, step.nodes, calls, now);
      const answers = told?.flatMap(({ granted, slot, used, resetAt }) => [granted, slot, used, resetAt]);
      const keyArgs = calls.map(({ key }) => key);
      asked.push({
        command: ["EVALSHA", shas.settle, calls.length, ...keyArgs, step.node, step.nodes, ...args],
        expected: [at, ...(answers ?? [])],
      });
    }
  }
  for (const key of keys) {
    const expiresAt = model.expiresAt(key);
    // -2: there is no such key; one that never expires would answer -1.
    asked.push({ command: ["PEXPIRETIME", key], expected: expiresAt ?? -2 });
  }
  return asked;
}
