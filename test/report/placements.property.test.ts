import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judgeFixed } from "../../report/cluster/analysis/fixed.js";
import type { Interval } from "../../report/cluster/analysis/interval.js";
import { judgeSliding } from "../../report/cluster/analysis/sliding.js";

const WINDOW_MS = 3;

const interval = fc
  .record({ fromMs: fc.nat(8), length: fc.nat(4) })
  .map(({ fromMs, length }): Interval => ({ fromMs, toMs: fromMs + length }));
const few = fc.array(interval, { maxLength: 6 });
const max = fc.integer({ min: 1, max: 3 });

/** Every way to say when each request was admitted. */
function placements(intervals: readonly Interval[]): number[][] {
  return intervals.reduce<number[][]>(
    (all, { fromMs, toMs }) =>
      all.flatMap((placed) => {
        const moments = Array.from({ length: toMs - fromMs + 1 }, (_, i) => fromMs + i);
        return moments.map((atMs) => [...placed, atMs]);
      }),
    [[]],
  );
}

function overInFixed(placed: readonly number[], most: number): number {
  const counts = new Map<number, number>();
  for (const atMs of placed) {
    const window = Math.floor(atMs / WINDOW_MS);
    counts.set(window, (counts.get(window) ?? 0) + 1);
  }
  return [...counts.values()].reduce((sum, count) => sum + Math.max(0, count - most), 0);
}

function overInSliding(placed: readonly number[], most: number): number {
  const held = placed.map(
    (startMs) => placed.filter((ms) => ms >= startMs && ms < startMs + WINDOW_MS).length,
  );
  return Math.max(0, ...held.map((count) => count - most));
}

test("no placement in fixed windows leaves fewer over than the judgement says", () => {
  fc.assert(
    fc.property(few, max, (admitted, most) => {
      const least = Math.min(...placements(admitted).map((placed) => overInFixed(placed, most)));
      assert.equal(judgeFixed(admitted, WINDOW_MS, most).over, least);
    }),
  );
});

test("what is judged of a sliding window holds in every placement, or in one", () => {
  fc.assert(
    fc.property(few, max, (admitted, most) => {
      const least = Math.min(...placements(admitted).map((placed) => overInSliding(placed, most)));
      const { over, undecided } = judgeSliding(admitted, WINDOW_MS, most);
      assert.ok(over <= least, `${over} are said to be over, and ${least} are`);
      if (over === 0 && undecided === 0) assert.equal(least, 0);
    }),
  );
});
