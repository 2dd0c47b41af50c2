import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsePolicy } from "../../src/config/load.js";
import { millionths } from "../../src/config/millionths.js";
import type { Policy } from "../../src/policy/policy.js";
import { mistakesIn } from "./loading.js";

const AI = "apis: [{ name: a, version: v1, match: { pathPrefix: /a }, ai: { provider: openai } }]";

function policyOf(models: string, more = ""): Policy {
  return parsePolicy(`version: 1\n${AI}\nmodels:\n${models}\n${more}`, "policy.yaml").policy;
}

describe("models", () => {
  const policy = policyOf(`
  "gpt-4o-mini*": { price: { input: 0.15, cachedInput: 0.075, output: 0.60 } }
  "claude-*": { price: { input: 3, cachedInput: 0.3, cacheWriteInput: 3.75, output: 15, reasoning: 16 }, weight: { cachedInput: 0.1, cacheWriteInput: 1.25 } }
  "heavy": { weight: { input: 2, output: 4 } }
  "local/*": {}
  "*": { price: { input: 10, output: 30 } }`);
  const one = {
    input: 1_000_000,
    cachedInput: 1_000_000,
    cacheWriteInput: 1_000_000,
    output: 1_000_000,
    reasoning: 1_000_000,
  };

  test("have prices per million tokens, parts as the whole where nothing else is said", () => {
    assert.deepEqual(policy.models.find("gpt-4o-mini-2024-07-18"), {
      weights: one,
      prices: {
        input: 150_000,
        cachedInput: 75_000,
        cacheWriteInput: 150_000,
        output: 600_000,
        reasoning: 600_000,
      },
    });
    assert.deepEqual(policy.models.find("o9")?.prices, {
      input: 10_000_000,
      cachedInput: 10_000_000,
      cacheWriteInput: 10_000_000,
      output: 30_000_000,
      reasoning: 30_000_000,
    });
  });

  test("have weights, 1 where nothing else is said, parts as the whole", () => {
    assert.deepEqual(policy.models.find("claude-sonnet-4"), {
      weights: { ...one, cachedInput: 100_000, cacheWriteInput: 1_250_000 },
      prices: {
        input: 3_000_000,
        cachedInput: 300_000,
        cacheWriteInput: 3_750_000,
        output: 15_000_000,
        reasoning: 16_000_000,
      },
    });
    assert.deepEqual(policy.models.find("Heavy"), {
      weights: {
        input: 2_000_000,
        cachedInput: 2_000_000,
        cacheWriteInput: 2_000_000,
        output: 4_000_000,
        reasoning: 4_000_000,
      },
      prices: null,
    });
  });

  test("may be named to be known, and no more", () => {
    assert.deepEqual(policy.models.find("local/llama"), { weights: one, prices: null });
  });

  test("that are unknown are let through unless the file says otherwise", () => {
    assert.equal(policy.unknownModel, "default");
    assert.equal(policyOf("  gpt-4: {}", "unknownModel: deny").unknownModel, "deny");
    assert.equal(parsePolicy("version: 1\n", "p").policy.unknownModel, "default");
    assert.equal(parsePolicy("version: 1\n", "p").policy.models.find("gpt-4"), null);
  });
});

describe("limits on money and models", () => {
  test("have their number in millionths, and the models that they count", () => {
    const { limits } = policyOf(
      '  "*": { price: { input: 1, output: 1 } }',
      'gateway: { limits: [{ spend: 25, per: day }, { spend: 0.1, requests: 3, per: minute, model: "GPT-4*" }] }',
    );
    assert.deepEqual(
      [...limits].map(([id, { unit, max, model }]) => [id, unit, max, model?.text ?? null]),
      [
        ["gateway:gateway:spend:day", "spend", 25_000_000, null],
        ["gateway:gateway:requests:minute:model=gpt-4*", "requests", 3, "gpt-4*"],
        ["gateway:gateway:spend:minute:model=gpt-4*", "spend", 100_000, "gpt-4*"],
      ],
    );
  });

  test("of a tier and of the API itself share a counter where they count the same models", () => {
    const text = `version: 1
tiers: { Gold: { limits: [{ requests: 9, per: minute, model: "gpt-4*" }, { requests: 8, per: minute }] } }
apis:
  - name: a
    version: v1
    match: { pathPrefix: /a }
    ai: {}
    tier: Gold
    limits: [{ requests: 5, per: minute, model: "GPT-4*" }, { requests: 4, per: minute, model: gpt-4 }]
`;
    assert.deepEqual(
      [...parsePolicy(text, "p").policy.limits].map(([id, { max }]) => `${id} ${max}`),
      [
        "api:a/v1:requests:minute:model=gpt-4* 5",
        "api:a/v1:requests:minute 8",
        "api:a/v1:requests:minute:model=gpt-4 4",
      ],
    );
  });

  test("need a price for every model that they count, or that others are refused", () => {
    const limited = `version: 1\n${AI}\ngateway: { limits: [{ spend: 5, per: day }] }\n`;
    const models = (text: string) => mistakesIn(`${limited}models: { ${text} }\n`).length;
    const priced = "{ price: { input: 1, output: 1 } }";
    assert.equal(models(`"*": ${priced}`), 0);
    assert.equal(models(`"**": ${priced}, gpt-4: ${priced}`), 0);
    assert.equal(models(`gpt-4: ${priced}`), 1);
    assert.equal(models(`"*": ${priced}, gpt-4: {}`), 1);
    assert.deepEqual(mistakesIn(`${limited}models: { gpt-4: ${priced} }\nunknownModel: deny\n`), []);
  });
});

describe("a number is read in millionths", () => {
  test("exactly as it is written, up to a thousand million", () => {
    const digits = (count: number) => fc.nat({ max: 10 ** count - 1 });
    fc.assert(
      fc.property(digits(9), digits(6), (whole, part) => {
        const text = `${whole}.${String(part).padStart(6, "0")}`;
        assert.equal(millionths(Number(text)), whole * 1e6 + part);
      }),
      { numRuns: 2000 },
    );
    assert.equal(millionths(1e9), 1e15);
  });

  test("and not at all where it has more decimals", () => {
    for (const value of [0.0000001, 1.1234567, 1e-9, 0.1 + 0.2, 999999999.0000005, Number.NaN, Infinity]) {
      assert.equal(millionths(value), null, String(value));
    }
  });
});
