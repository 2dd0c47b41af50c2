import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { Counted, CounterStore, Outcome } from "../../src/counters/store.js";
import { limitOf as anyLimitOf, chargeOf } from "../support/limits.js";
import { correctionsContract } from "./corrections-contract.js";

/** A store under test and the clock that it goes by. */
export interface StoreUnderTest {
  readonly store: CounterStore;
  now(): number;
  advance(ms: number): void | Promise<void>;
  /** Resolves when all that was put in is counted. */
  settled(): Promise<void>;
  /** Another instance that counts in the same counters, if they are of more than one. */
  other(): Promise<CounterStore>;
}

/** The outcome of a charge that the store was able to count. */
export async function counted(outcome: Outcome | Promise<Outcome>): Promise<Counted> {
  const known = await outcome;
  assert.ok(known.kind === "counted");
  return known;
}

/** What every counter store promises, whatever it counts in and over whatever window `per` it does. */
export function counterStoreContract(
  name: string,
  make: () => Promise<StoreUnderTest>,
  per = "minute",
): void {
  const limitOf: typeof anyLimitOf = (parts) => anyLimitOf({ per, ...parts });

  describe(`${name} keeps the promises of a counter store`, () => {
    let subject: StoreUnderTest;
    beforeEach(async () => {
      subject = await make();
    });
    const charge = (...charges: Parameters<CounterStore["charge"]>[0]) =>
      counted(subject.store.charge(charges, subject.now()));
    const add = (...charges: Parameters<CounterStore["add"]>[0]) => subject.store.add(charges, subject.now());

    test("a limit of N admits N and denies the next", async () => {
      const limit = limitOf({ max: 3 });
      for (const used of [0, 1, 2]) {
        const { admitted, standings } = await charge(chargeOf(limit));
        assert.equal(admitted, true);
        assert.equal(standings[0]?.used, used);
      }
      const { admitted, standings } = await charge(chargeOf(limit));
      assert.equal(admitted, false);
      assert.equal(standings[0]?.used, 3);
    });

    test("one limit without room keeps all others from being charged", async () => {
      const wide = limitOf({ max: 100, scope: "wide" });
      const narrow = limitOf({ max: 1, scope: "narrow" });
      await charge(chargeOf(narrow));
      assert.equal((await charge(chargeOf(wide), chargeOf(narrow))).admitted, false);
      assert.equal((await charge(chargeOf(wide))).standings[0]?.used, 0);
    });

    test("a standing is given for every charge, in the order of the charges", async () => {
      const limits = ["c", "a", "b"].map((scope) => limitOf({ scope }));
      const { standings } = await charge(...limits.map((limit) => chargeOf(limit)));
      assert.deepEqual(
        standings.map((standing) => standing.charge.limit.scope),
        ["c", "a", "b"],
      );
    });

    test("keys of one limit are counted apart", async () => {
      const limit = limitOf({ max: 1 });
      assert.equal((await charge(chargeOf(limit, 1, "ann"))).admitted, true);
      assert.equal((await charge(chargeOf(limit, 1, "bob"))).admitted, true);
      assert.equal((await charge(chargeOf(limit, 1, "ann"))).admitted, false);
    });

    test("a new window starts empty, and the old one ends when it was said to", async () => {
      const limit = limitOf({ max: 1 });
      const first = await charge(chargeOf(limit));
      const resetAt = first.standings[0]?.resetAt ?? 0;
      assert.ok(resetAt > subject.now());
      await subject.advance(resetAt - 1 - subject.now());
      assert.equal((await charge(chargeOf(limit))).admitted, false);
      await subject.advance(1);
      assert.equal((await charge(chargeOf(limit))).admitted, true);
    });

    test("an amount that does not fit whole is not admitted in part", async () => {
      const limit = limitOf({ max: 10 });
      await charge(chargeOf(limit, 8));
      assert.equal((await charge(chargeOf(limit, 3))).admitted, false);
      assert.equal((await charge(chargeOf(limit, 2))).admitted, true);
    });

    test("what was used is added past the limit, and the next request pays until the window ends", async () => {
      const limit = limitOf({ unit: "totalTokens", max: 100 });
      assert.equal((await charge(chargeOf(limit, 0))).admitted, true);
      await add(chargeOf(limit, 250));
      const { admitted, standings } = await charge(chargeOf(limit, 0));
      assert.equal(admitted, false);
      assert.equal(standings[0]?.used, 250);
      await subject.advance((standings[0]?.resetAt ?? 0) - subject.now());
      assert.equal((await charge(chargeOf(limit, 0))).admitted, true);
    });

    test("a token limit used to its very number denies the next request", async () => {
      const limit = limitOf({ unit: "totalTokens", max: 100 });
      await add(chargeOf(limit, 99));
      assert.equal((await charge(chargeOf(limit, 0))).admitted, true);
      await add(chargeOf(limit, 1));
      assert.equal((await charge(chargeOf(limit, 0))).admitted, false);
    });

    test("a changed number applies at once to the counts of the running window", async () => {
      const limit = limitOf({ max: 10 });
      for (let i = 0; i < 5; i++) await charge(chargeOf(limit));
      assert.equal((await charge(chargeOf({ ...limit, max: 5 }))).admitted, false);
      assert.equal((await charge(chargeOf({ ...limit, max: 6 }))).admitted, true);
    });

    test("a limit that only watches keeps nothing back, and counts no more than it would have admitted", async () => {
      const watching = limitOf({ max: 2, scope: "watching", enforced: false });
      const enforced = limitOf({ max: 10, scope: "enforced" });
      const used: (number | undefined)[] = [];
      for (let i = 0; i < 5; i++) {
        const { admitted, standings } = await charge(chargeOf(watching), chargeOf(enforced));
        assert.equal(admitted, true);
        used.push(standings[0]?.used);
      }
      assert.deepEqual(used, [0, 1, 2, 2, 2]);
      assert.equal((await charge(chargeOf(enforced))).standings[0]?.used, 5);
    });

    test("concurrent requests are admitted up to the number and never over", async () => {
      const shared = limitOf({ max: 50, scope: "shared" });
      const own = limitOf({ max: 20, scope: "own" });
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, (_, i) => charge(chargeOf(shared), chargeOf(own, 1, `user${i % 4}`))),
      );
      assert.equal(outcomes.filter(({ admitted }) => admitted).length, 50);
    });

    correctionsContract(limitOf, () => subject);
  });
}
