import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryStore } from "../../src/counters/memory.js";
import { chargeOf, limitOf } from "../support/limits.js";
import { counterStoreContract } from "./contract.js";

const START = Date.UTC(2026, 0, 1, 12, 0, 30);

counterStoreContract(
  "the memory store, counting in sliding windows,",
  async () => {
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
  },
  "sliding minute",
);

/** Requests at random times, bunched and spread; the gaps are in milliseconds. */
const gaps = fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 5000 })), {
  minLength: 1,
  maxLength: 200,
});

describe("a sliding window", () => {
  const windows = { second: 1000, "10 seconds": 10_000, minute: 60_000, "7 seconds": 7000 };

  /** Sends a request after each wait; `see` learns of each whether it was admitted, and when others were before. */
  async function send(
    [per]: readonly [string, number],
    max: number,
    waits: readonly number[],
    see: (admitted: boolean, now: number, before: readonly number[]) => void = () => {},
  ): Promise<number[]> {
    const store = new MemoryStore({ maxCounters: 1000 });
    const limit = limitOf({ max, per: `sliding ${per}` });
    const times: number[] = [];
    let now = START;
    for (const wait of waits) {
      now += wait;
      const { admitted } = await store.charge([chargeOf(limit)], now);
      see(admitted, now, times);
      if (admitted) times.push(now);
    }
    return times;
  }
  const anyWindow = fc.constantFrom(...Object.entries(windows));
  const anyMax = fc.integer({ min: 1, max: 20 });

  test("holds no more than its number in any interval of its length, beginning wherever", async () => {
    await fc.assert(
      fc.asyncProperty(anyWindow, anyMax, gaps, async (window, max, waits) => {
        const admitted = await send(window, max, waits);
        for (const [i, at] of admitted.entries()) {
          const within = admitted.slice(i).filter((other) => other - at < window[1]).length;
          assert.ok(within <= max, `${within} of ${max} from ${at}`);
        }
      }),
    );
  });

  test("denies only where an exact window a 64th longer would deny as well", async () => {
    await fc.assert(
      fc.asyncProperty(anyWindow, anyMax, gaps, async (window, max, waits) => {
        const longer = window[1] + Math.ceil(window[1] / 64);
        await send(window, max, waits, (admitted, now, before) => {
          const inLonger = before.filter((at) => now - at < longer).length;
          assert.ok(admitted || inLonger >= max, `denied with ${inLonger} of ${max}`);
        });
      }),
    );
  });

  test("says when there is room again, and there is then and not before", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 10 }), gaps, async (max, waits) => {
        const store = new MemoryStore({ maxCounters: 1000 });
        const limit = limitOf({ max, per: "sliding 10 seconds" });
        let now = START;
        for (const wait of waits) {
          now += wait;
          const { admitted, standings } = await store.charge([chargeOf(limit)], now);
          if (admitted) continue;
          const resetAt = standings[0]?.resetAt ?? 0;
          assert.ok(resetAt > now);
          assert.equal((await store.charge([chargeOf(limit)], resetAt - 1)).admitted, false);
          assert.equal((await store.charge([chargeOf(limit)], resetAt)).admitted, true);
          return;
        }
      }),
    );
  });

  test("lets a steady caller have at least 63 of 64 parts of the limit", async () => {
    const store = new MemoryStore({ maxCounters: 1000 });
    const limit = limitOf({ max: 1000, per: "sliding minute" });
    let admitted = 0;
    for (let now = START; now < START + 600_000; now += 20) {
      if ((await store.charge([chargeOf(limit)], now)).admitted) admitted++;
    }
    assert.ok(admitted <= 11_000, `${admitted}`);
    assert.ok(admitted >= 10_000 * (63 / 64), `${admitted}`);
  });
});
