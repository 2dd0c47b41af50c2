import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type RedisServer, startRedis } from "../../demo/stack/redis.js";
import type { Adjustment, CounterStore, Outcome } from "../../src/counters/store.js";
import { type OpenStore, openStore } from "../../src/open-store.js";
import type { Limit } from "../../src/policy/limit.js";
import type { RedisSettings } from "../../src/redis/settings.js";
import { createLogger } from "../../src/telemetry/logger.js";
import { chargeOf, limitOf } from "../support/limits.js";
import { type FaultProxy, startFaultProxy } from "../support/redis/fault-proxy.js";
import { eventually } from "../support/weir.js";

const DEADLINE_MS = 50;
/** What a busy machine may add to a timer. */
const SLACK_MS = 150;

interface Node extends OpenStore {
  readonly lines: string[];
}

async function openNode(port: number, settings: Partial<RedisSettings> = {}): Promise<Node> {
  const lines: string[] = [];
  const opened = await openStore({
    redis: {
      topology: { kind: "single", address: { kind: "tcp", host: "127.0.0.1", port }, db: 0 },
      ...{ credentials: { kind: "none" }, tls: null, prefix: "weir" },
      ...{ mode: "leased", onError: "local", deadlineMs: DEADLINE_MS },
      ...settings,
    },
    ...{ maxCounters: 10_000, env: {}, now: Date.now },
    log: createLogger("info", { write: (line: string) => void lines.push(line) }),
  });
  return { ...opened, lines };
}

const charge = async (store: CounterStore, ...charges: ReturnType<typeof chargeOf>[]) =>
  store.charge(charges, Date.now());

function passed(outcome: Outcome): boolean {
  return outcome.admitted;
}

/** The limits of these tests, in windows that do not end under them. */
const wide = limitOf({ max: 100_000, per: "year", scope: "wide" });
const tokens = limitOf({ max: 1000, per: "year", unit: "totalTokens" });
const small = limitOf({ max: 30, per: "year", scope: "small" });

for (const mode of ["strict", "leased"] as const) {
  describe(`${mode} counters when Redis fails`, () => {
    let server: RedisServer;
    let proxy: FaultProxy;
    let node: Node;
    before(async () => {
      server = await startRedis();
      proxy = await startFaultProxy(server.port);
    });
    after(async () => {
      await proxy.stop();
      await server.stop();
    });
    beforeEach(async () => {
      await proxy.pass();
      await server.command("FLUSHALL");
      node = await openNode(proxy.port, { mode });
    });
    afterEach(() => node.close());

    const isUp = () => node.statistics.shared?.reachable() ?? false;
    const slowest = async (count: number) => {
      let longestMs = 0;
      for (let i = 0; i < count; i++) {
        const startedAt = performance.now();
        await charge(node.store, chargeOf(small, 1, `user${i}`), chargeOf(wide));
        longestMs = Math.max(longestMs, performance.now() - startedAt);
      }
      return longestMs;
    };
    const backWithin = async (ms: number) => {
      const startedAt = performance.now();
      await eventually("weir counts in Redis again", isUp);
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs < ms, `${Math.round(tookMs)} ms`);
    };

    /** Charges, and says what there is to correct. */
    const hold = async (limit: Limit, amount: number): Promise<Adjustment> => {
      const outcome = await charge(node.store, chargeOf(limit, amount));
      assert.ok(outcome.kind === "counted" && outcome.admitted);
      return { limit, key: "", slot: outcome.standings[0]?.slot ?? 0, charged: amount, by: 0 };
    };

    const faults = {
      "is slow": { begin: () => proxy.delay(300), end: () => proxy.pass() },
      "swallows everything": { begin: () => proxy.blackHole(), end: () => proxy.pass() },
      "refuses connections": { begin: () => proxy.refuse(), end: () => proxy.pass() },
      "talks nonsense": { begin: () => proxy.answerNonsense(), end: () => proxy.pass() },
      "answers something else": { begin: () => proxy.answerNonsense(":-7\r\n"), end: () => proxy.pass() },
      "is killed": { begin: () => server.kill(), end: () => server.restart() },
      "is full": {
        begin: () => server.command("CONFIG", "SET", "maxmemory", "1"),
        end: () => server.command("CONFIG", "SET", "maxmemory", "0"),
      },
      "is a replica": {
        begin: () => server.command("REPLICAOF", "127.0.0.1", "1"),
        end: () => server.command("REPLICAOF", "NO", "ONE"),
      },
      hangs: {
        begin: async () => server.child.kill("SIGSTOP"),
        end: async () => server.child.kill("SIGCONT"),
      },
    };

    for (const [fault, { begin, end }] of Object.entries(faults)) {
      test(`that ${fault}: nobody waits past the deadline, one line tells, and it heals within a second`, async () => {
        assert.equal(passed(await charge(node.store, chargeOf(small, 1, "first"))), true);
        await begin();
        assert.ok((await slowest(5)) < DEADLINE_MS + SLACK_MS);
        await eventually("weir knows", () => !isUp());
        // From here on nobody waits at all.
        assert.ok((await slowest(20)) < SLACK_MS);
        assert.ok((node.statistics.shared?.fallbacks() ?? 0) >= 20);
        await sleep(300);
        assert.equal(isUp(), false);
        await end();
        await backWithin(1000 + SLACK_MS);
        await eventually("the log tells", () => node.lines.some((line) => line.includes("Redis is back")));
        const said = node.lines.map((line) => JSON.parse(line).msg);
        assert.equal(
          said.filter((msg) => msg.startsWith("Redis is out of reach")).length,
          1,
          said.join("\n"),
        );
        assert.equal(said.filter((msg) => msg === "Redis is back").length, 1);
      });
    }

    test("each node goes by its share of the limit meanwhile", async () => {
      const others = await Promise.all([openNode(server.port, { mode }), openNode(server.port, { mode })]);
      await eventually("the nodes know of each other", () => node.statistics.shared?.nodes() === 3);
      await proxy.refuse();
      await eventually("weir knows", () => !isUp());
      let admitted = 0;
      for (let i = 0; i < 40; i++) if (passed(await charge(node.store, chargeOf(small)))) admitted++;
      assert.equal(admitted, 10);
      await Promise.all(others.map((other) => other.close()));
    });

    test("what was decided without Redis is not charged to it afterwards, but what was used is, once", async () => {
      await proxy.refuse();
      await eventually("weir knows", () => !isUp());
      for (let i = 0; i < 10; i++) await charge(node.store, chargeOf(small), chargeOf(tokens, 0));
      for (let i = 0; i < 10; i++) await node.store.add([chargeOf(tokens, 7)], Date.now());
      await proxy.pass();
      await eventually("weir counts in Redis again", isUp);
      await eventually("usage is handed over", () => node.statistics.shared?.waiting() === 0);
      const other = await openNode(server.port, { mode: "strict" });
      const outcome = await charge(other.store, chargeOf(small), chargeOf(tokens, 0));
      assert.ok(outcome.kind === "counted");
      assert.deepEqual(
        outcome.standings.map(({ used }) => used),
        [0, 70],
      );
      await other.close();
    });

    test("usage whose answer was lost is counted once", async () => {
      await node.store.add([chargeOf(tokens, 5)], Date.now());
      await eventually("usage is handed over", () => node.statistics.shared?.waiting() === 0);
      await proxy.delay(10_000);
      await node.store.add([chargeOf(tokens, 7)], Date.now());
      await eventually("Redis has counted it", async () => (await usedOf(server)) === 12);
      await proxy.refuse();
      await proxy.pass();
      await eventually("the answer came", () => node.statistics.shared?.waiting() === 0);
      assert.equal(await usedOf(server), 12);
    });

    test("a correction whose answer was lost is counted once", async () => {
      const held = await hold(tokens, 500);
      await proxy.delay(10_000);
      await node.store.adjust([{ ...held, by: -300 }], Date.now());
      await eventually("Redis has counted it", async () => (await usedOf(server)) === 200);
      await proxy.refuse();
      await proxy.pass();
      await eventually("the answer came", () => node.statistics.shared?.waiting() === 0);
      assert.equal(await usedOf(server), 200);
    });

    test("a correction that cannot be sent makes no room until it is", async () => {
      const held = await hold(tokens, 900);
      await proxy.refuse();
      await eventually("weir knows", () => !isUp());
      await node.store.adjust([{ ...held, by: -800 }], Date.now());
      assert.equal(await usedOf(server), 900);
      await proxy.pass();
      await eventually("corrections are handed over", () => node.statistics.shared?.waiting() === 0);
      assert.equal(await usedOf(server), 100);
      assert.equal(passed(await charge(node.store, chargeOf(tokens, 900))), true);
    });

    test("what was charged without Redis is corrected here, and owed to Redis in full", async () => {
      await proxy.refuse();
      await eventually("weir knows", () => !isUp());
      const held = await hold(tokens, 900);
      assert.equal(passed(await charge(node.store, chargeOf(tokens, 200))), false);
      await node.store.adjust([{ ...held, by: -600 }], Date.now());
      assert.equal(passed(await charge(node.store, chargeOf(tokens, 700))), true);
      await proxy.pass();
      await eventually("usage is handed over", () => node.statistics.shared?.waiting() === 0);
      assert.equal(await usedOf(server), 300);
    });

    test("what was charged without Redis in a window that is over is owed to none", async () => {
      await proxy.refuse();
      await eventually("weir knows", () => !isUp());
      const held = await hold(tokens, 900);
      const aYear = 366 * 86_400_000;
      await node.store.adjust([{ ...held, slot: held.slot + aYear, by: -600 }], Date.now());
      assert.equal(node.statistics.shared?.waiting(), 0);
    });

    test("a script that Redis has forgotten is told anew", async () => {
      await charge(node.store, chargeOf(small), chargeOf(wide));
      await server.command("SCRIPT", "FLUSH");
      for (let i = 0; i < 29; i++)
        assert.equal(passed(await charge(node.store, chargeOf(small), chargeOf(wide))), true);
      assert.equal(passed(await charge(node.store, chargeOf(small), chargeOf(wide))), false);
      assert.equal(node.statistics.shared?.fallbacks(), 0);
    });

    for (const onError of ["allow", "deny"] as const) {
      test(`onError: ${onError} decides when Redis was never there, without delay`, async () => {
        await proxy.refuse();
        const lonely = await openNode(proxy.port, { mode, onError });
        const outcome = await charge(lonely.store, chargeOf(small));
        assert.deepEqual(outcome, { kind: "uncounted", admitted: onError === "allow" });
        await lonely.close();
      });
    }
  });
}

/** What stands in the only token counter. */
async function usedOf(server: RedisServer): Promise<number> {
  const keys = (await server.command("KEYS", "*totalTokens*")) as string[];
  assert.equal(keys.length, 1);
  return Number(await server.command("HGET", keys[0] ?? "", "u"));
}
