import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ModelBook, type ModelTerms, modelPattern } from "../../src/policy/model.js";

const matches = (pattern: string, model: string | null) => modelPattern(pattern).matches(model);

/** The definition, tried out in every way. */
function naive(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] !== "*") return pattern[0] === text[0] && naive(pattern.slice(1), text.slice(1));
  return naive(pattern.slice(1), text) || (text !== "" && naive(pattern, text.slice(1)));
}

describe("a pattern of models", () => {
  test("without a star matches that name alone, in any case", () => {
    assert.equal(matches("gpt-4o", "gpt-4o"), true);
    assert.equal(matches("gpt-4o", "GPT-4o"), true);
    assert.equal(matches("GPT-4o", "gpt-4o"), true);
    for (const other of ["gpt-4", "gpt-4o-mini", "my-gpt-4o", "gpt-4o ", ""]) {
      assert.equal(matches("gpt-4o", other), false, other);
    }
  });

  test("has stars for any characters, none of them too", () => {
    for (const model of ["gpt-4", "gpt-4o-mini", "gpt-4.1\n"]) assert.equal(matches("gpt-4*", model), true);
    for (const model of ["gpt-3.5", "my-gpt-4"]) assert.equal(matches("gpt-4*", model), false);
    assert.equal(matches("*claude*haiku*", "us.anthropic.claude-3-5-haiku-20241022-v1:0"), true);
    assert.equal(matches("*claude*haiku*", "haiku-of-claude"), false);
    assert.equal(matches("a*a", "a"), false);
    assert.equal(matches("a*a", "aa"), true);
    assert.equal(matches("*ab*ab", "abab"), true);
    assert.equal(matches("*ab*ab", "aba"), false);
  });

  test("has no other characters that stand for something", () => {
    assert.equal(matches("gpt-3.5", "gpt-3x5"), false);
    assert.equal(matches("[a-z]+(x)?$\\d", "[a-z]+(x)?$\\d"), true);
    assert.equal(matches("a?", "ab"), false);
  });

  test("matches a request that names no model only where it is *", () => {
    for (const star of ["*", "**"]) assert.equal(matches(star, null), true);
    for (const pattern of ["gpt*", "*4", "a", "*a*"]) assert.equal(matches(pattern, null), false, pattern);
  });

  test("is the same in any case, and with several stars for one", () => {
    assert.equal(modelPattern("GPT-4**o*").text, "gpt-4*o*");
    assert.equal(modelPattern("gpt-4*o*").literals, 6);
  });

  test("matches what its definition says", () => {
    const few = (characters: string[]) =>
      fc.array(fc.constantFrom(...characters), { maxLength: 9 }).map((list) => list.join(""));
    fc.assert(
      fc.property(few(["a", "b", "*"]), few(["a", "b", "."]), (pattern, text) => {
        assert.equal(matches(pattern, text), naive(pattern, text));
      }),
      { numRuns: 3000 },
    );
  });

  test("takes no longer over names made to be slow", () => {
    const pattern = modelPattern(`${"a*".repeat(30)}b`);
    const start = performance.now();
    assert.equal(pattern.matches("a".repeat(100_000)), false);
    assert.equal(pattern.matches(`${"a".repeat(100_000)}b`), true);
    assert.equal(modelPattern(`*${"a".repeat(50)}b*`).matches("a".repeat(100_000)), false);
    assert.ok(performance.now() - start < 1000);
  });
});

describe("the terms of a model", () => {
  const termsOf = (input: number): ModelTerms => {
    const rates = { input, cachedInput: 0, cacheWriteInput: 0, output: 0, reasoning: 0 };
    return { weights: rates, prices: null };
  };
  const bookOf = (...patterns: string[]) =>
    new ModelBook(patterns.map((pattern, i) => [modelPattern(pattern), termsOf(i)]));
  /** The pattern whose terms were found. */
  const found = (patterns: string[], model: string | null) => {
    const terms = bookOf(...patterns).find(model);
    return terms && patterns[terms.weights.input];
  };

  test("are those of the most specific pattern, in whatever order they are listed", () => {
    const patterns = ["*", "gpt-*", "gpt-4o*", "gpt-4o-mini*", "*claude*"];
    const expected = {
      "gpt-4o-mini-2024-07-18": "gpt-4o-mini*",
      "GPT-4o": "gpt-4o*",
      "gpt-3.5": "gpt-*",
      "us.anthropic.claude-3": "*claude*",
      o1: "*",
    };
    for (const [model, pattern] of Object.entries(expected)) {
      assert.equal(found(patterns, model), pattern, model);
      assert.equal(found(patterns.toReversed(), model), pattern, model);
    }
  });

  test("are those of the very name before those of any pattern", () => {
    for (const patterns of [
      ["gpt-4", "gpt-4*", "*gpt-4"],
      ["*gpt-4", "gpt-4*", "gpt-4"],
    ])
      assert.equal(found(patterns, "GPT-4"), "gpt-4");
  });

  test("are those of the first pattern by its text where two are as specific", () => {
    assert.equal(found(["gpt*", "*gpt"], "gpt"), "*gpt");
    assert.equal(found(["*gpt", "gpt*"], "gpt"), "*gpt");
    assert.equal(found(["a*c", "a*b*"], "abc"), "a*b*");
  });

  test("are none where no pattern matches, and those of * where a request names no model", () => {
    assert.equal(found(["gpt-*"], "claude"), null);
    assert.equal(found([], "claude"), null);
    assert.equal(found(["gpt-*"], null), null);
    assert.equal(found(["gpt-*", "*"], null), "*");
  });
});
