import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryStore } from "../../src/counters/memory.js";
import { chargeOf, limitOf } from "../support/limits.js";
import { counterStoreContract } from "./contract.js";

const START = Date.UTC(2026, 0, 1, 12, 0, 30);

counterStoreContract("the memory store", async () => {
  let now = START;
  const store = new MemoryStore({ maxCounters: 10_000 });
  return {
    store,
    now: () => now,
    advance(ms) {
      now += ms;
    },
    settled: async () => {},
    other: async () => store,
  };
});

describe("the memory store bounds its memory", () => {
  const limit = limitOf({ max: 5 });
  const other = limitOf({ max: 5, scope: "other", per: "hour" });

  test("it never holds more counters than it may, and counts those that it gave up", async () => {
    const store = new MemoryStore({ maxCounters: 1000 });
    for (let i = 0; i < 5000; i++) {
      await store.charge([chargeOf(limit, 1, `user${i}`)], START);
      assert.ok(store.counters <= 1000, `${store.counters} counters after ${i} users`);
    }
    assert.equal(store.counters + store.evictions, 5000);
  });

  test("counters of ended windows go before any of a running one", async () => {
    const store = new MemoryStore({ maxCounters: 100 });
    for (let i = 0; i < 99; i++) await store.charge([chargeOf(limit, 1, `user${i}`)], START);
    await store.charge([chargeOf(other, 5, "ann")], START);
    const nextMinute = START + 60_000;
    for (let i = 0; i < 50; i++) await store.charge([chargeOf(other, 1, `user${i}`)], nextMinute);
    assert.equal(store.evictions, 0);
    assert.equal((await store.charge([chargeOf(other, 1, "ann")], nextMinute)).admitted, false);
  });

  test("a flood of one limit's keys evicts that limit's counters and no other's", async () => {
    const store = new MemoryStore({ maxCounters: 100 });
    await store.charge([chargeOf(other, 5, "ann")], START);
    for (let i = 0; i < 1000; i++) await store.charge([chargeOf(limit, 1, `user${i}`)], START);
    assert.ok(store.evictions > 0);
    assert.equal((await store.charge([chargeOf(other, 1, "ann")], START)).admitted, false);
  });

  test("a request that makes room is charged to all its limits", async () => {
    const store = new MemoryStore({ maxCounters: 100 });
    for (let i = 0; i < 100; i++) await store.charge([chargeOf(limit, 1, `user${i}`)], START);
    const charges = ["a", "b", "c"].map((scope) => chargeOf(limitOf({ max: 5, scope })));
    const nextMinute = START + 60_000;
    await store.charge(charges, nextMinute);
    const { standings } = await store.charge(charges, nextMinute);
    assert.deepEqual(
      standings.map(({ used }) => used),
      [1, 1, 1],
    );
  });

  test("sweeping forgets what has ended and nothing else", async () => {
    const store = new MemoryStore({ maxCounters: 100 });
    await store.charge([chargeOf(limit), chargeOf(other, 5)], START);
    store.sweep(START + 60_000);
    assert.equal(store.counters, 1);
    assert.equal((await store.charge([chargeOf(other)], START + 60_000)).admitted, false);
  });

  test("looking at a counter does not create one", async () => {
    const store = new MemoryStore({ maxCounters: 100 });
    await store.charge([chargeOf(limitOf({ unit: "totalTokens" }), 0, "ann")], START);
    assert.equal(store.counters, 0);
  });

  test("a clock that steps back opens no window a second time", async () => {
    const store = new MemoryStore({ maxCounters: 100 });
    for (let i = 0; i < 5; i++) await store.charge([chargeOf(limit)], START);
    await store.charge([chargeOf(limit)], START + 60_000);
    assert.equal((await store.charge([chargeOf(limit)], START)).standings[0]?.used, 1);
  });
});
