import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  LearnedEstimates,
  MIN_CAP_SHARE,
  statedEstimate,
  type TokenEstimate,
} from "../../src/inference/estimate.js";
import type { InferenceRequest } from "../../src/inference/request.js";

const request: InferenceRequest = {
  model: "m",
  promptTokens: 100,
  maxOutputTokens: null,
  choices: 1,
  isStream: false,
  generates: true,
  isWhole: true,
};

/** Numbers from 0 to 1, always the same ones (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Answers are mostly short, with a long tail: a log-normal number of tokens with this median, in whole tokens. */
function logNormal(next: () => number, median: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Math.max(1, Math.round(median * Math.exp(sigma * normal)));
}

function learnTimes(
  estimates: LearnedEstimates,
  times: number,
  stated: TokenEstimate,
  actual: TokenEstimate,
): void {
  for (let i = 0; i < times; i++) estimates.learn("scope", "m", stated, actual);
}

test("a request states its prompt and, for each answer, its cap or what is assumed", () => {
  assert.deepEqual(statedEstimate(request, 500), { input: 100, output: 500 });
  assert.deepEqual(statedEstimate({ ...request, choices: 3 }, 500), { input: 100, output: 1_500 });
  assert.deepEqual(statedEstimate({ ...request, maxOutputTokens: 20, choices: 2 }, 500), {
    input: 100,
    output: 40,
  });
  assert.deepEqual(statedEstimate({ ...request, generates: false }, 500), { input: 100, output: 0 });
});

const stated = { input: 100, output: 1_000 };

describe("what is expected", () => {
  test("is what is stated until five outcomes are known, and at least one token of input", () => {
    const estimates = new LearnedEstimates();
    assert.deepEqual(estimates.expected("scope", "m", stated, true), stated);
    learnTimes(estimates, 4, stated, { input: 50, output: 10 });
    assert.deepEqual(estimates.expected("scope", "m", stated, true), stated);
    learnTimes(estimates, 1, stated, { input: 50, output: 10 });
    assert.notDeepEqual(estimates.expected("scope", "m", stated, true), stated);
    assert.deepEqual(estimates.expected("scope", null, { input: 0, output: 0 }, false), {
      input: 1,
      output: 0,
    });
  });

  test("comes near to what always happens", () => {
    const estimates = new LearnedEstimates();
    learnTimes(estimates, 60, stated, { input: 130, output: 250 });
    assert.deepEqual(estimates.expected("scope", "m", stated, false), { input: 131, output: 251 });
    assert.deepEqual(estimates.expected("scope", "m", { input: 1_000, output: 8 }, false), {
      input: 1_301,
      output: 3,
    });
  });

  test("is no more output than a cap allows, and may be more than an assumption", () => {
    const estimates = new LearnedEstimates();
    learnTimes(estimates, 60, stated, { input: 100, output: 3_000 });
    assert.equal(estimates.expected("scope", "m", stated, true).output, 1_000);
    assert.equal(estimates.expected("scope", "m", stated, false).output, 3_001);
  });

  test("is never less than a quarter of a cap, and may be less of an assumption", () => {
    const estimates = new LearnedEstimates();
    learnTimes(estimates, 60, stated, { input: 100, output: 20 });
    assert.equal(estimates.expected("scope", "m", stated, true).output, 250);
    assert.equal(estimates.expected("scope", "m", { input: 1, output: 5 }, true).output, 2);
    assert.equal(estimates.expected("scope", "m", stated, false).output, 21);
  });

  test("is from half to four times the input, whatever odd texts came to", () => {
    const estimates = new LearnedEstimates();
    learnTimes(estimates, 60, stated, { input: 1, output: 100 });
    assert.equal(estimates.expected("scope", "m", stated, true).input, 50);
    learnTimes(estimates, 60, stated, { input: 2_000, output: 100 });
    assert.equal(estimates.expected("scope", "m", stated, true).input, 400);
  });

  test("follows a change within a few requests", () => {
    const estimates = new LearnedEstimates();
    learnTimes(estimates, 50, stated, { input: 100, output: 100 });
    learnTimes(estimates, 3, stated, { input: 100, output: 800 });
    assert.ok(estimates.expected("scope", "m", stated, true).output >= 800);
  });

  test("is learned of each scope and model apart", () => {
    const estimates = new LearnedEstimates();
    learnTimes(estimates, 10, stated, { input: 10, output: 10 });
    for (const [scope, model] of [
      ["scope", "n"],
      ["scope", null],
      ["other", "m"],
      ['scope","m', null],
    ] as const) {
      assert.deepEqual(estimates.expected(scope, model, stated, true), stated);
    }
  });

  test("is not thrown off by outcomes that say nothing", () => {
    const estimates = new LearnedEstimates();
    learnTimes(estimates, 10, { input: 0, output: 0 }, { input: 50, output: 50 });
    learnTimes(estimates, 10, stated, { input: Number.NaN, output: -1 });
    assert.deepEqual(estimates.expected("scope", "m", stated, false), stated);
  });
});

test("of more pairs of scope and model than there is room for, the least recently used is forgotten", () => {
  const estimates = new LearnedEstimates(2);
  const learn = (model: string) => {
    for (let i = 0; i < 5; i++) estimates.learn("scope", model, stated, { input: 1, output: 1 });
  };
  const isKnown = (model: string) => estimates.expected("scope", model, stated, true).output < stated.output;
  learn("a");
  learn("b");
  assert.ok(isKnown("a"));
  learn("c");
  assert.deepEqual(["b", "c", "a"].map(isKnown), [false, true, true]);
});

test("whatever is learned, estimates are whole numbers within bounds", () => {
  const tokens = fc.record({ input: fc.nat(1e9), output: fc.nat(1e9) });
  fc.assert(
    fc.property(fc.array(fc.tuple(tokens, tokens)), tokens, fc.boolean(), (outcomes, asked, hardCap) => {
      const estimates = new LearnedEstimates();
      for (const [said, actual] of outcomes) estimates.learn("scope", "m", said, actual);
      const { input, output } = estimates.expected("scope", "m", asked, hardCap);
      assert.ok(Number.isSafeInteger(input) && input >= 1 && input <= Math.max(1, asked.input * 4));
      assert.ok(Number.isSafeInteger(output) && output >= 0);
      assert.ok(input >= asked.input / 2);
      assert.ok(output <= (hardCap ? asked.output : asked.output * 20));
      assert.ok(!hardCap || output >= asked.output * MIN_CAP_SHARE);
    }),
  );
});

describe("on answers with a long tail and caps far above them,", () => {
  for (const [median, sigma, seed] of [
    [150, 0.5, 1],
    [300, 0.8, 2],
    [200, 1, 3],
  ] as const) {
    test(`median ${median}, sigma ${sigma}: enough is held back nearly always, and far less than stated`, () => {
      const next = random(seed);
      const estimates = new LearnedEstimates();
      const cap = 4_096;
      const requests = 2_000;
      const sum = { stated: 0, expected: 0, actual: 0 };
      let enoughSoFar = 0;
      let enough = 0;
      for (let i = 0; i < requests; i++) {
        const said = { input: logNormal(next, 500, 0.5), output: cap };
        const actual = {
          input: Math.round(said.input * 1.1),
          output: Math.min(cap, logNormal(next, median, sigma)),
        };
        const expected = estimates.expected("scope", "m", said, true);
        sum.stated += said.output;
        sum.expected += expected.output;
        sum.actual += actual.output;
        if (sum.expected >= sum.actual) enoughSoFar += 1;
        if (expected.output >= actual.output) enough += 1;
        estimates.learn("scope", "m", said, actual);
      }
      const figures = JSON.stringify({ ...sum, enoughSoFar, enough });
      assert.ok(enoughSoFar >= 0.99 * requests, figures);
      assert.ok(enough >= 0.85 * requests, figures);
      assert.ok(sum.expected <= sum.stated / 3, figures);
    });
  }
});
