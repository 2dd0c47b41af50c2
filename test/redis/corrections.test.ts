import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { type RedisServer, startRedis } from "../../demo/stack/redis.js";
import { counted } from "../counters/contract.js";
import { chargeOf, limitOf } from "../support/limits.js";
import { type SharedNode, startSharedNode } from "../support/redis/shared-stores.js";

const limit = limitOf({ max: 1_000, per: "year", unit: "totalTokens" });
/** A limit found full is asked about again every 50 ms, in a round of 20; the rest is a busy machine. */
const FELT_MS = 500;

describe("corrections among nodes with leases", () => {
  let server: RedisServer;
  let client: Redis;
  const nodes: SharedNode[] = [];
  before(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    client.on("error", () => {});
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    client.disconnect();
    await server.stop();
  });

  test("a node that found a limit full comes to know soon that another has given back", async () => {
    for (let i = 0; i < 2; i++) nodes.push(await startSharedNode({ client, prefix: "test" }));
    const [one, other] = nodes as [SharedNode, SharedNode];
    const charge = ({ leased }: SharedNode, amount: number) =>
      counted(leased.charge([chargeOf(limit, amount)], Date.now()));
    const { standings } = await charge(one, 1_000);
    const slot = standings[0]?.slot ?? 0;
    assert.equal((await charge(other, 400)).admitted, false);
    one.leased.adjust([{ limit, key: "", slot, charged: 1_000, by: -800 }], Date.now());
    const startedAt = performance.now();
    while (!(await charge(other, 400)).admitted) {
      assert.ok(performance.now() - startedAt < FELT_MS, "it still finds the limit full");
      await sleep(5);
    }
    assert.equal((await charge(other, 400)).admitted, true);
    assert.equal((await charge(other, 1)).admitted, false);
  });
});
