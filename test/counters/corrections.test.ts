import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryStore } from "../../src/counters/memory.js";
import type { Standing } from "../../src/policy/limit.js";
import { chargeOf, limitOf } from "../support/limits.js";

const START = Date.UTC(2026, 0, 1, 12, 0, 30);
const MAX = 40;
const windows = {
  second: { limit: limitOf({ per: "second", max: MAX }), lengthMs: 1_000, widthMs: 1_000, isFixed: true },
  minute: { limit: limitOf({ per: "minute", max: MAX }), lengthMs: 60_000, widthMs: 60_000, isFixed: true },
  "sliding second": {
    ...{ limit: limitOf({ per: "sliding second", max: MAX }), lengthMs: 1_000, widthMs: 16, isFixed: false },
  },
  "sliding minute": {
    ...{
      limit: limitOf({ per: "sliding minute", max: MAX }),
      lengthMs: 60_000,
      widthMs: 938,
      isFixed: false,
    },
  },
};

const user = fc.constantFrom("ann", "bob");
/** Charges, corrections of one of those that were made, or of one in a slot nearby, and waits. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("charge" as const), user, amount: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("add" as const), user, amount: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("adjust" as const),
      of: fc.nat(),
      by: fc.integer({ min: -30, max: 30 }),
      slotsOff: fc.constantFrom(0, 0, 0, 0, 1, 3, -1, -70),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      ms: fc.oneof(fc.nat(40), fc.nat(2_000), fc.constantFrom(15_000, 61_000)),
    }),
  },
);

/** What was counted, by slot: what is in the window is summed anew each time. */
class Model {
  readonly #slots = new Map<number, number>();
  readonly #window: (typeof windows)[keyof typeof windows];

  constructor(window: (typeof windows)[keyof typeof windows]) {
    this.#window = window;
  }

  slot(now: number): number {
    const { widthMs } = this.#window;
    return (Math.floor(now / widthMs) + 1) * widthMs;
  }

  used(now: number): number {
    let used = 0;
    for (const [slot, amount] of this.#slots) if (this.#leavesAt(slot) > now) used += amount;
    return used;
  }

  count(amount: number, slot: number, now: number): void {
    const current = this.slot(now);
    if (this.#window.isFixed && slot !== current) return;
    const own = Math.min(slot, current);
    if (this.#leavesAt(own) <= now) return;
    this.#slots.set(own, Math.max(0, (this.#slots.get(own) ?? 0) + amount));
  }

  #leavesAt(slot: number): number {
    return this.#window.isFixed ? slot : slot + this.#window.lengthMs;
  }
}

describe("charges and corrections in memory", () => {
  for (const [name, window] of Object.entries(windows)) {
    test(`come to what a list of slots says, per ${name}`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
          const { limit, widthMs } = window;
          const store = new MemoryStore({ maxCounters: 100 });
          const models = { ann: new Model(window), bob: new Model(window) };
          const held: Standing[] = [];
          let now = START;
          for (const step of steps) {
            switch (step.kind) {
              case "wait":
                now += step.ms;
                break;
              case "charge": {
                const model = models[step.user as keyof typeof models];
                const { admitted, standings } = store.charge([chargeOf(limit, step.amount, step.user)], now);
                const [standing] = standings as [Standing];
                assert.equal(standing.used, model.used(now));
                assert.equal(standing.slot, model.slot(now));
                assert.equal(admitted, standing.used + Math.max(1, step.amount) <= MAX);
                if (!admitted) break;
                if (step.amount > 0) model.count(step.amount, standing.slot, now);
                held.push(standing);
                break;
              }
              case "add": {
                const model = models[step.user as keyof typeof models];
                store.add([chargeOf(limit, step.amount, step.user)], now);
                if (step.amount > 0) model.count(step.amount, model.slot(now), now);
                break;
              }
              case "adjust": {
                const one = held[step.of % held.length];
                if (!one) break;
                const { key, amount } = one.charge;
                const slot = one.slot + step.slotsOff * widthMs;
                store.adjust([{ limit, key, slot, charged: amount, by: step.by }], now);
                if (step.by !== 0) models[key as keyof typeof models].count(step.by, slot, now);
                break;
              }
              default:
                step satisfies never;
            }
          }
        }),
        { numRuns: 500 },
      );
    });
  }

  test("a charge of a clock that steps back is corrected in the slot of the one before", () => {
    for (const { limit } of Object.values(windows)) {
      const store = new MemoryStore({ maxCounters: 100 });
      const [first] = store.charge([chargeOf(limit, 10)], START).standings;
      const [second] = store.charge([chargeOf(limit, 20)], START - 100).standings;
      assert.equal(second?.slot, first?.slot);
      store.adjust([{ limit, key: "", slot: second?.slot ?? 0, charged: 20, by: -25 }], START - 100);
      assert.equal(store.charge([chargeOf(limit, 1)], START).standings[0]?.used, 5);
    }
  });

  test("a correction makes a counter where there is none, within the store's bound", () => {
    const store = new MemoryStore({ maxCounters: 100 });
    const { limit } = windows["sliding minute"];
    const [looked] = store.charge([chargeOf(limit, 0)], START).standings;
    for (let i = 0; i < 1_000; i++)
      store.adjust([{ limit, key: `user${i}`, slot: looked?.slot ?? 0, charged: 0, by: 5 }], START);
    assert.ok(store.counters <= 100);
    assert.equal(store.counters + store.evictions, 1_000);
  });

  test("a correction that has no effect makes none", () => {
    const store = new MemoryStore({ maxCounters: 100 });
    for (const { limit, lengthMs } of Object.values(windows)) {
      const [looked] = store.charge([chargeOf(limit, 0)], START).standings;
      const { slot = 0 } = looked ?? {};
      store.adjust([{ limit, key: "", slot, charged: 9, by: -9 }], START);
      store.adjust([{ limit, key: "", slot, charged: 0, by: 9 }], START + 2 * lengthMs);
    }
    assert.equal(store.counters, 0);
  });
});
