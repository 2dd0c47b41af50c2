import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Interval } from "../../report/cluster/analysis/interval.js";
import { judgeSliding } from "../../report/cluster/analysis/sliding.js";

const at = (fromMs: number, toMs = fromMs): Interval => ({ fromMs, toMs });
const times = (count: number, interval: Interval) => Array.from({ length: count }, () => interval);

describe("requests in any 100 ms, 3 at the most:", () => {
  const judge = (...admitted: Interval[]) => judgeSliding(admitted, 100, 3);

  test("as many again after exactly the length are none over", () => {
    assert.deepEqual(judge(...times(3, at(50)), ...times(3, at(150)), ...times(3, at(250))), {
      over: 0,
      undecided: 0,
    });
  });

  test("one more within the length is over, wherever the interval begins", () => {
    assert.deepEqual(judge(...times(3, at(50)), at(149)), { over: 1, undecided: 0 });
    assert.deepEqual(judge(at(0), ...times(3, at(95)), at(150), ...times(2, at(194))), {
      over: 3,
      undecided: 0,
    });
  });

  test("one that may have been admitted late enough is not over", () => {
    assert.deepEqual(judge(...times(3, at(50)), at(140, 160)), { over: 0, undecided: 0 });
  });

  test("nor are some that were admitted early enough", () => {
    assert.deepEqual(judge(...times(3, at(40, 60)), at(150)), { over: 0, undecided: 0 });
  });

  test("what fits nowhere, and is not surely over, is undecided", () => {
    // The second three must be 100 ms after the first, the third as much after the second.
    const verdict = judge(...times(3, at(0, 10)), ...times(3, at(60, 120)), ...times(3, at(150, 190)));
    assert.deepEqual(verdict, { over: 0, undecided: 3 });
  });

  test("one that took longer than the window says nothing, and breaks nothing", () => {
    assert.deepEqual(judge(at(0, 500), ...times(3, at(50))), { over: 0, undecided: 0 });
  });
});
