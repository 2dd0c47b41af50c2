import assert from "node:assert/strict";
import { test } from "node:test";
import type { Charge, Limit, Standing } from "../../src/policy/limit.js";
import { type limitOf as anyLimitOf, chargeOf } from "../support/limits.js";
import { counted, type StoreUnderTest } from "./contract.js";

/** What every counter store promises of corrections of what it charged. To be called where tests are described. */
export function correctionsContract(limitOf: typeof anyLimitOf, subject: () => StoreUnderTest): void {
  const tokens = (max: number) => limitOf({ unit: "totalTokens", max });
  const charge = (...charges: Charge[]) => counted(subject().store.charge(charges, subject().now()));
  const hold = async (limit: Limit, amount: number): Promise<Standing> => {
    const { admitted, standings } = await charge(chargeOf(limit, amount));
    assert.equal(admitted, true);
    return standings[0] as Standing;
  };
  const adjust = async (
    { charge: { limit, key, amount }, slot }: Standing,
    by: number,
    from = subject().store,
  ) => {
    await from.adjust([{ limit, key, slot, charged: amount, by }], subject().now());
  };
  const settle = async (...corrected: Parameters<typeof adjust>) => {
    await adjust(...corrected);
    await subject().settled();
  };
  const used = async (limit: Limit) => (await charge(chargeOf(limit, 1))).standings[0]?.used;
  /** Until what was charged has left its window. */
  const untilOver = ({ resetAt }: Standing) => subject().advance(resetAt - subject().now());

  for (const max of [10, 100]) {
    test(`what was held of ${max} and not used is there for others`, async () => {
      const limit = tokens(max);
      const held = await hold(limit, 0.8 * max);
      assert.equal((await charge(chargeOf(limit, 0.4 * max))).admitted, false);
      await settle(held, -0.6 * max);
      assert.equal((await hold(limit, 0.8 * max)).used, 0.2 * max);
      assert.equal((await charge(chargeOf(limit, 1))).admitted, false);
    });

    test(`what was used beyond what was held of ${max} goes past the limit, and keeps out the next at once`, async () => {
      const limit = tokens(max);
      // A node that leases has drawn more than it needs now.
      for (let i = 0; i < 3; i++) await hold(limit, 0.1 * max);
      await adjust(await hold(limit, 0.1 * max), max);
      const next = await charge(chargeOf(limit, 1));
      assert.equal(next.admitted, false);
      await subject().settled();
      const { admitted, standings } = await charge(chargeOf(limit, 1));
      assert.equal(admitted, false);
      assert.equal(standings[0]?.used, 1.4 * max);
    });

    test(`another instance corrects what was held of ${max}`, async () => {
      const limit = tokens(max);
      const other = await subject().other();
      const first = await hold(limit, 0.8 * max);
      await settle(first, -0.6 * max, other);
      assert.equal((await hold(limit, 0.7 * max)).used, 0.2 * max);
      await settle(first, 0.9 * max, other);
      assert.equal((await charge(chargeOf(limit, 1))).admitted, false);
    });
  }

  test("a correction after the end of the window changes nothing in the next", async () => {
    const limit = tokens(100);
    const before = await hold(limit, 80);
    await untilOver(before);
    await hold(limit, 30);
    await settle(before, -80);
    assert.equal(await used(limit), 30);
    await settle(before, 60);
    assert.equal(await used(limit), 31);
  });

  test("a correction leaves the window together with what it corrects", async () => {
    const limit = tokens(100);
    const held = await hold(limit, 10);
    await subject().advance(Math.floor((held.resetAt - subject().now()) / 2));
    await settle(held, 60);
    const later = await hold(limit, 20);
    assert.equal(later.used, 70);
    await settle(later, -20);
    await untilOver(held);
    assert.equal(await used(limit), 0);
  });

  test("what is counted in one slot makes no room by a correction in another, nor is it ever below 0", async () => {
    const limit = tokens(100);
    await settle(await hold(limit, 10), -25);
    assert.equal((await hold(limit, 100)).used, 0);
    assert.equal((await charge(chargeOf(limit, 1))).admitted, false);
  });

  test("what nothing was held for is counted where it was looked at", async () => {
    const limit = tokens(100);
    const looked = await hold(limit, 0);
    await subject().advance(Math.floor((looked.resetAt - subject().now()) / 2));
    await settle(looked, 100);
    assert.equal((await charge(chargeOf(limit, 0))).admitted, false);
    await untilOver(looked);
    assert.equal(await used(limit), 0);
  });

  test("corrections of several charges and what is added besides come together", async () => {
    const limit = tokens(1000);
    const held: Standing[] = [];
    for (let i = 0; i < 8; i++) held.push(await hold(limit, 50));
    for (const [i, one] of held.entries()) await adjust(one, 10 * i - 40);
    await subject().store.add([chargeOf(limit, 7)], subject().now());
    await adjust(held[0] as Standing, 40);
    await subject().settled();
    assert.equal(await used(limit), 400 - 40 + 7 + 40);
  });
}
