import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, describe, test } from "node:test";
import { type RedisServer, startRedis } from "../../demo/stack/redis.js";
import { openStore } from "../../src/open-store.js";
import type { Charge } from "../../src/policy/limit.js";
import type { RedisSettings } from "../../src/redis/settings.js";
import { createLogger } from "../../src/telemetry/logger.js";
import { chargeOf, limitOf } from "../support/limits.js";
import { eventually } from "../support/weir.js";

async function openNode(port: number, settings: Partial<RedisSettings> = {}) {
  const node = await openStore({
    redis: {
      topology: { kind: "single", address: { kind: "tcp", host: "127.0.0.1", port }, db: 0 },
      ...{ credentials: { kind: "none" }, tls: null, prefix: "weir" },
      ...{ mode: "leased", onError: "deny", deadlineMs: 500 },
      ...settings,
    },
    ...{ maxCounters: 10_000, env: {}, now: Date.now, log: createLogger("silent") },
  });
  const admit = async (count: number, ...charges: Charge[]) => {
    let admitted = 0;
    for (let i = 0; i < count; i++) if ((await node.store.charge(charges, Date.now())).admitted) admitted++;
    return admitted;
  };
  return { ...node, admit };
}

describe("counters in Redis", () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis({ users: ["default on nopass ~* +@all"] });
  });
  beforeEach(() => server.command("FLUSHALL"));
  after(() => server.stop());

  const limit = limitOf({ max: 1000, per: "year" });
  const keys = async () => ((await server.command("KEYS", "*")) as string[]).sort();

  test("their keys have the prefix and the layout's version, and expire soon after their windows", async () => {
    const node = await openNode(server.port, { mode: "strict", prefix: "here" });
    const limits = [limitOf({ per: "hour" }), limitOf({ per: "sliding hour" })];
    await node.admit(1, ...limits.map((one) => chargeOf(one, 1, "ann")));
    const [fixed = "", sliding = "", nodes = "", ...more] = await keys();
    assert.deepEqual(more, []);
    assert.match(fixed, /^here:1:\d+:api:orders\/v1:requests:hour:ann$/);
    assert.match(sliding, /^here:1:\d+:api:orders\/v1:requests:sliding hour:ann$/);
    assert.equal(nodes, "here:1:nodes");
    const end = Math.ceil(Date.now() / 3_600_000) * 3_600_000;
    const expiresAt = Number(await server.command("PEXPIRETIME", fixed));
    assert.ok(
      expiresAt > end && expiresAt <= end + 3_610_000 && expiresAt % 3_600_000 === 10_000,
      `${expiresAt}`,
    );
    const lasts = Number(await server.command("PTTL", sliding));
    assert.ok(lasts > 3_600_000 && lasts < 3_700_000, `${lasts}`);
    assert.ok(Number(await server.command("PTTL", nodes)) > 0);
    await node.close();
  });

  test("what a node holds is given back when it lies idle, and when it stops", async () => {
    const node = await openNode(server.port);
    for (let i = 0; i < 3; i++) assert.equal(await node.admit(50, chargeOf(limit)), 50);
    const used = async () => {
      const [key = ""] = (await keys()).filter((name) => name.includes("requests"));
      return Number(await server.command("HGET", key, "u"));
    };
    await eventually("what is held is given back", async () => (await used()) === 150);
    assert.equal(await node.admit(50, chargeOf(limit)), 50);
    await node.close();
    assert.equal(await used(), 200);
  });

  test("a Redis that comes back empty is told what living nodes have drawn", async () => {
    const node = await openNode(server.port);
    const before = await node.admit(700, chargeOf(limit));
    assert.equal(before, 700);
    await server.kill();
    await server.restart();
    await eventually("weir counts in Redis again", () => node.statistics.shared?.reachable() ?? false);
    const after = await node.admit(700, chargeOf(limit));
    assert.ok(before + after <= 1000, `${before} and ${after}`);
    assert.ok(after > 0);
    await node.close();
  });

  test("a stopped node is not reckoned with any more", async () => {
    const [one, other] = await Promise.all([openNode(server.port), openNode(server.port)]);
    await eventually("the nodes know of each other", () => one.statistics.shared?.nodes() === 2);
    await other.close();
    await eventually("one is gone", () => one.statistics.shared?.nodes() === 1);
    await one.close();
  });

  test("an ACL user that may what docs/cluster.md says gets by", async () => {
    const [, rules = ""] = /```\n(~weir[^\n]+)\n```/.exec(await readFile("docs/cluster.md", "utf8")) ?? [];
    assert.ok(rules.startsWith("~weir:* "));
    await server.command("ACL", "SETUSER", "weir", "reset", "on", ">secret", ...rules.split(" "));
    const credentials = { kind: "fixed", username: "weir", password: "secret" } as const;
    const node = await openNode(server.port, { credentials });
    const charges = ["hour", "sliding minute", "sliding second"].map((per) =>
      chargeOf(limitOf({ per, max: 500 })),
    );
    const tokens = limitOf({ unit: "totalTokens", max: 10 });
    await node.store.add([chargeOf(tokens, 5)], Date.now());
    assert.equal(await node.admit(20, ...charges, chargeOf(tokens, 0)), 20);
    await node.close();
    assert.deepEqual(await server.command("ACL", "LOG"), []);
  });
});
