import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../demo/stack/redis.js";
import { MemoryStore } from "../../src/counters/memory.js";
import type { CounterStore } from "../../src/counters/store.js";
import { claim } from "../../src/decision/claim.js";
import { type SharedNode, startSharedNode } from "../support/redis/shared-stores.js";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 10);

/** How many of so many who claim `id` at once have it. */
async function winners(stores: readonly CounterStore[], id: string, now: number): Promise<number> {
  const claims = Array.from({ length: 40 }, (_, i) =>
    claim(stores[i % stores.length] as CounterStore, id, now),
  );
  return (await Promise.all(claims)).filter(Boolean).length;
}

describe("of many who claim the same", () => {
  test("the first has it, and nobody else for ten minutes", async () => {
    const store = new MemoryStore({ maxCounters: 100 });
    assert.equal(await winners([store], "a", NOW), 1);
    assert.equal(await winners([store], "a", NOW + 599_999), 0);
  });

  test("one has it again when they are over", async () => {
    const store = new MemoryStore({ maxCounters: 100 });
    assert.equal(await claim(store, "a", NOW), true);
    assert.equal(await winners([store], "a", NOW + 620_000), 1);
  });

  test("what has another name is another claim", async () => {
    const store = new MemoryStore({ maxCounters: 100 });
    for (const id of ["a", "b", ""]) assert.equal(await winners([store], id, NOW), 1);
  });
});

describe("of many who claim the same on several nodes", () => {
  let server: RedisServer;
  let client: Redis;
  const nodes: SharedNode[] = [];
  before(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    client.on("error", () => {});
    for (let i = 0; i < 2; i++) nodes.push(await startSharedNode({ client, prefix: "claims" }));
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    client.disconnect();
    await server.stop();
  });

  for (const kind of ["strict", "leased"] as const) {
    test(`one has it, by the ${kind} counters of one Redis`, async () => {
      const stores = nodes.map((node) => node[kind]);
      for (const id of ["a", "b", "c"]) {
        assert.equal(await winners(stores, `${kind} ${id}`, Date.now()), 1);
        assert.equal(await winners(stores, `${kind} ${id}`, Date.now()), 0);
      }
    });
  }
});

test("a claim that cannot be counted is nobody's to say", async () => {
  for (const admitted of [true, false]) {
    const store = {
      charge: () => ({ kind: "uncounted", admitted }) as const,
      add: () => {},
      adjust: () => {},
    };
    assert.equal(await claim(store, "a", NOW), null);
  }
});
