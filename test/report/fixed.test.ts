import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judgeFixed } from "../../report/cluster/analysis/fixed.js";
import type { Interval } from "../../report/cluster/analysis/interval.js";

const at = (fromMs: number, toMs = fromMs): Interval => ({ fromMs, toMs });
const times = (count: number, interval: Interval) => Array.from({ length: count }, () => interval);

describe("requests in fixed windows of 100 ms, 3 each:", () => {
  const judge = (...admitted: Interval[]) => judgeFixed(admitted, 100, 3);

  test("as many as the number are none over", () => {
    const verdict = judge(...times(3, at(10)), ...times(3, at(199)));
    assert.deepEqual(verdict, {
      over: 0,
      ambiguous: 0,
      counts: new Map([
        [0, 3],
        [100, 3],
      ]),
    });
  });

  test("one more in a window is over", () => {
    assert.equal(judge(...times(4, at(10))).over, 1);
    assert.equal(judge(...times(4, at(10, 99)), ...times(5, at(100, 199))).over, 3);
  });

  test("one that touches two windows is ambiguous, and belongs where there is room", () => {
    const late = judge(...times(3, at(10)), at(95, 101));
    assert.deepEqual([late.over, late.ambiguous, late.counts.get(100)], [0, 1, 1]);
    const early = judge(at(95, 101), ...times(3, at(110)));
    assert.deepEqual([early.over, early.ambiguous, early.counts.get(0)], [0, 1, 1]);
  });

  test("ambiguous ones do not hide that there are too many of them", () => {
    assert.equal(judge(...times(3, at(10)), at(95, 101), ...times(3, at(110))).over, 1);
    assert.equal(judge(...times(7, at(95, 101))).over, 1);
    assert.equal(judge(...times(6, at(95, 101))).over, 0);
  });

  test("of the ambiguous the earliest deadline goes first", () => {
    // Were the long one put into the first window, the short one would be over in the second.
    const verdict = judge(
      ...times(2, at(10)),
      at(90, 250),
      at(95, 101),
      ...times(3, at(110)),
      ...times(2, at(210)),
    );
    assert.deepEqual([verdict.over, verdict.ambiguous], [0, 2]);
  });

  test("one that may belong to an empty window between others goes there", () => {
    assert.equal(judge(...times(3, at(10)), at(50, 250), ...times(3, at(210))).over, 0);
  });

  test("nothing is nothing", () => {
    assert.deepEqual(judge(), { over: 0, ambiguous: 0, counts: new Map() });
  });
});
