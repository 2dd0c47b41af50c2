import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { MAX_TOKENS, normaliseCounts, toTokenCount } from "../../src/metering/usage.js";

test("a token count reads numbers and decimal strings and takes all else for zero", () => {
  const cases: [unknown, number][] = [
    [46, 46],
    ["1117", 1117],
    [" 12.0 ", 12],
    ["1e3", 1000],
    [45.99999999, 46],
    [-1, 0],
    ["-7", 0],
    [-0.2, 0],
    [4294967295, MAX_TOKENS],
    [Number.POSITIVE_INFINITY, MAX_TOKENS],
    ["1e999", MAX_TOKENS],
    [Number.NaN, 0],
    ["0x10", 0],
    ["", 0],
    ["many", 0],
    [null, 0],
    [undefined, 0],
    [true, 0],
    [[7], 0],
    [{ valueOf: () => 7 }, 0],
    [7n, 0],
  ];
  for (const [value, count] of cases) assert.equal(toTokenCount(value), count, String(value));
});

test("a token count is a whole number from 0 to the most tokens, whatever it is read from", () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const count = toTokenCount(value);
      assert.ok(Number.isInteger(count) && count >= 0 && count <= MAX_TOKENS && !Object.is(count, -0));
    }),
  );
});

test("a total covers input and output, and parts never exceed their whole", () => {
  const count = fc.nat({ max: MAX_TOKENS });
  const counts = fc.record({
    input: count,
    output: count,
    total: count,
    cachedInput: count,
    cacheWriteInput: count,
    reasoning: count,
  });
  fc.assert(
    fc.property(counts, (sent) => {
      const { input, output, total, cachedInput, cacheWriteInput, reasoning } = normaliseCounts(sent);
      assert.equal(total, Math.min(Math.max(sent.total, sent.input + sent.output), MAX_TOKENS));
      assert.ok(cachedInput + cacheWriteInput <= input);
      assert.ok(reasoning <= output);
    }),
  );
});
