import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { amountsOf, type TokenFigures } from "../../src/policy/amounts.js";
import type { ModelTerms, TokenRates } from "../../src/policy/model.js";

const figuresOf = (parts: Partial<TokenFigures>): TokenFigures => {
  const { input = 0, output = 0, cachedInput = 0, cacheWriteInput = 0, reasoning = 0 } = parts;
  return { input, output, cachedInput, cacheWriteInput, reasoning, total: parts.total ?? input + output };
};
const MILLION = 1_000_000;
const one: TokenRates = {
  input: MILLION,
  cachedInput: MILLION,
  cacheWriteInput: MILLION,
  output: MILLION,
  reasoning: MILLION,
};
const weighing = (weights: Partial<TokenRates>): ModelTerms => ({
  weights: { ...one, ...weights },
  prices: null,
});
const pricing = (prices: TokenRates): ModelTerms => ({ weights: one, prices });

describe("tokens", () => {
  const figures = figuresOf({
    input: 1000,
    cachedInput: 600,
    cacheWriteInput: 100,
    output: 50,
    reasoning: 20,
  });

  test("count as one each where nothing else is said, and cost nothing", () => {
    const expected = { totalTokens: 1050, promptTokens: 1000, completionTokens: 50, spend: 0 };
    assert.deepEqual(amountsOf(figures, null), expected);
    assert.deepEqual(amountsOf(figures, weighing({})), expected);
    assert.deepEqual(amountsOf(figuresOf({}), null), {
      totalTokens: 0,
      promptTokens: 0,
      completionTokens: 0,
      spend: 0,
    });
  });

  test("count by the weight of what they were", () => {
    const terms = weighing({ cachedInput: 100_000, cacheWriteInput: 1_250_000, reasoning: 2 * MILLION });
    // 300 + 600 × 0.1 + 100 × 1.25, and 30 + 20 × 2.
    assert.deepEqual(amountsOf(figures, terms), {
      totalTokens: 555,
      promptTokens: 485,
      completionTokens: 70,
      spend: 0,
    });
  });

  test("of no weight count nothing", () => {
    const terms = weighing({ cachedInput: 0, output: 0, reasoning: 0 });
    assert.deepEqual(amountsOf(figures, terms), {
      totalTokens: 400,
      promptTokens: 400,
      completionTokens: 0,
      spend: 0,
    });
  });

  test("are rounded up to a whole one, once for each number", () => {
    const terms = weighing({ input: 1, output: 1, reasoning: 1 });
    assert.deepEqual(amountsOf(figuresOf({ input: 1, output: 1 }), terms), {
      totalTokens: 1,
      promptTokens: 1,
      completionTokens: 1,
      spend: 0,
    });
    const tenth = weighing({ input: 100_000 });
    assert.equal(amountsOf(figuresOf({ input: 10 }), tenth).promptTokens, 1);
    assert.equal(amountsOf(figuresOf({ input: 11 }), tenth).promptTokens, 2);
  });

  test("that a total has beyond its parts count as one each, in the total alone", () => {
    const beyond = figuresOf({ input: 10, output: 5, total: 40 });
    assert.deepEqual(amountsOf(beyond, null), {
      totalTokens: 40,
      promptTokens: 10,
      completionTokens: 5,
      spend: 0,
    });
    assert.equal(amountsOf(beyond, weighing({ input: 0, output: 0, reasoning: 0 })).totalTokens, 25);
  });
});

describe("money", () => {
  // 0.15, 0.075, 0.1875, 0.60 and 0.60 for a million tokens.
  const mini = pricing({
    input: 150_000,
    cachedInput: 75_000,
    cacheWriteInput: 187_500,
    output: 600_000,
    reasoning: 600_000,
  });

  test("is counted in millionths, by what each part costs", () => {
    const figures = figuresOf({
      input: 1_000_000,
      cachedInput: 400_000,
      output: 500_000,
      reasoning: 100_000,
    });
    // 0.09 + 0.03 + 0.30.
    assert.equal(amountsOf(figures, mini).spend, 420_000);
  });

  test("is rounded up to a millionth, so that no answer is free", () => {
    assert.equal(amountsOf(figuresOf({ input: 1 }), mini).spend, 1);
    assert.equal(amountsOf(figuresOf({ input: 20 }), mini).spend, 3);
    assert.equal(amountsOf(figuresOf({ input: 21 }), mini).spend, 4);
  });

  test("does not depend on weights, nor they on it", () => {
    const terms = { ...mini, weights: { ...one, input: 3 * MILLION } };
    const amounts = amountsOf(figuresOf({ input: 100 }), terms);
    assert.deepEqual([amounts.promptTokens, amounts.spend], [300, 15]);
  });

  test("of prices of 0 is none", () => {
    const free = { input: 0, cachedInput: 0, cacheWriteInput: 0, output: 0, reasoning: 0 };
    assert.equal(amountsOf(figuresOf({ input: 1e9, output: 1e9 }), pricing(free)).spend, 0);
  });
});

describe("amounts are exact", () => {
  test("to the last millionth at a thousand million tokens", () => {
    const odd = {
      input: 2_500_001,
      cachedInput: 1,
      cacheWriteInput: 3_125_003,
      output: 10_000_007,
      reasoning: 1,
    };
    const figures = figuresOf({ input: 1e9, cachedInput: 1, output: 999_999_999, reasoning: 999_999_998 });
    const expected = 999_999_999n * 2_500_001n + 1n + 10_000_007n + 999_999_998n;
    assert.ok(expected > BigInt(Number.MAX_SAFE_INTEGER) / 10n);
    assert.equal(BigInt(amountsOf(figures, pricing(odd)).spend), (expected + 999_999n) / 1_000_000n);
  });

  test("up to what a number holds exactly, and no more", () => {
    const most = {
      input: 1e12,
      cachedInput: 1e12,
      cacheWriteInput: 1e12,
      output: Number.MAX_SAFE_INTEGER,
      reasoning: 0,
    };
    assert.equal(amountsOf(figuresOf({ input: 1e9 }), pricing(most)).spend, 1e15);
    assert.equal(amountsOf(figuresOf({ output: 1e9 }), pricing(most)).spend, Number.MAX_SAFE_INTEGER);
  });

  test("whatever the tokens and the rates", () => {
    const tokens = fc.nat({ max: 1e9 });
    const rate = fc.oneof(fc.nat({ max: 1e9 }), fc.constantFrom(0, 1, MILLION, 1e12));
    const rates = fc.record({
      input: rate,
      cachedInput: rate,
      cacheWriteInput: rate,
      output: rate,
      reasoning: rate,
    });
    const parts = fc.tuple(tokens, tokens, tokens, tokens, tokens, tokens);
    fc.assert(
      fc.property(parts, rates, ([plain, cached, written, answer, thought, rest], rates) => {
        const input = plain + cached + written;
        const output = answer + thought;
        const figures = { input, cachedInput: cached, cacheWriteInput: written, output, reasoning: thought };
        const amounts = amountsOf(
          { ...figures, total: input + output + rest },
          { weights: rates, prices: rates },
        );
        const sum = (...pairs: [number, number][]) =>
          pairs.reduce((total, [count, rate]) => total + BigInt(count) * BigInt(rate), 0n);
        const prompt = sum(
          [plain, rates.input],
          [cached, rates.cachedInput],
          [written, rates.cacheWriteInput],
        );
        const completion = sum([answer, rates.output], [thought, rates.reasoning]);
        const up = (millionths: bigint) => {
          const whole = millionths / 1_000_000n + (millionths % 1_000_000n > 0n ? 1n : 0n);
          return Math.min(Number(whole), Number.MAX_SAFE_INTEGER);
        };
        assert.equal(amounts.promptTokens, up(prompt));
        assert.equal(amounts.completionTokens, up(completion));
        assert.equal(amounts.totalTokens, up(prompt + completion + sum([rest, MILLION])));
        assert.equal(amounts.spend, up(prompt + completion));
      }),
    );
  });
});
