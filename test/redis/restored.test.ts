import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../demo/stack/redis.js";
import type { Settled, Settlement } from "../../src/counters/shared-counters.js";
import { limitOf } from "../support/limits.js";
import { type SharedNode, startSharedNode } from "../support/redis/shared-stores.js";

const MAX = 1_000;
const limit = limitOf({ max: MAX, per: "year", unit: "totalTokens" });
const nothing = { limit, key: "", draw: null, giveBack: null, add: null, drawn: null };

/** A node draws, spends, and corrects what it spent; then its Redis is restored from a copy that lagged. */
describe("a counter that was restored from a copy of before a correction", () => {
  let server: RedisServer;
  let client: Redis;
  let node: SharedNode;
  before(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    client.on("error", () => {});
  });
  after(async () => {
    client.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    await client.flushall();
    node = await startSharedNode({ client });
  });
  afterEach(() => node.stop());

  const settle = async (settlement: Partial<Settlement>): Promise<Settled> => {
    const [settled] = await node.counters.settle([{ ...nothing, ...settlement }]);
    assert.ok(settled);
    return settled;
  };
  const draw = (want: number) => settle({ draw: { want, need: want } });
  const correct = (batch: number, amount: number, slot: number) =>
    settle({ add: { batch, amount, slot, until: slot } });
  const remind = (slot: number, amount: number) => settle({ drawn: { slot, amount } });
  const key = async () => (await client.keys("*totalTokens*"))[0] ?? "";

  test("knows of nothing: it counts more than was used, not less", async () => {
    const { slot } = await draw(600);
    assert.equal((await correct(1, -500, slot)).used, 100);
    await client.flushall();
    assert.equal((await remind(slot, 600)).used, 600);
  });

  test("is not told of the draw again when it has lost only what was given back", async () => {
    const { slot } = await draw(600);
    const copy = await client.dumpBuffer(await key());
    assert.equal((await correct(1, -500, slot)).used, 100);
    await client.restore(await key(), 0, copy, "REPLACE");
    assert.equal((await remind(slot, 600)).used, 600);
    assert.equal((await correct(2, -100, slot)).used, 500);
  });

  test("is not told of the draw again when it has lost nothing", async () => {
    const { slot } = await draw(600);
    await correct(1, -500, slot);
    assert.equal((await remind(slot, 600)).used, 100);
  });

  test("stays at 0 by what is given back of a lost draw, until the draw is known again", async () => {
    const { slot } = await draw(600);
    await client.flushall();
    assert.equal((await correct(1, -500, slot)).used, 0);
    assert.equal((await remind(slot, 600)).used, 600);
  });
});
