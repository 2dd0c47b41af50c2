import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { type AiTerms, aiProviders } from "../../src/policy/ai.js";
import type { Api } from "../../src/policy/policy.js";

/** The API of a policy whose API has such an `ai`, and which says more besides, in YAML. */
function apiWith(ai: string, more = ""): Api | undefined {
  const api = `{ name: a, version: v1, match: { pathPrefix: /a }, ai: ${ai} }`;
  return parsePolicy(`version: 1\napis: [${api}]\n${more}`, "policy.yaml").policy.apisByRef.get("a/v1");
}

/** What such an `ai` comes to. */
function termsOf(ai: string, more = ""): AiTerms {
  const terms = apiWith(ai, more)?.ai;
  if (!terms) assert.fail(ai);
  return terms;
}

describe("an AI API", () => {
  test("names its provider, or has it found out", () => {
    for (const provider of aiProviders) {
      assert.deepEqual(termsOf(`{ provider: ${provider} }`).source, { provider });
    }
    assert.deepEqual(termsOf("{}").source, { provider: "detected" });
  });

  test("tells by JSON pointers and headers where another provider's usage is", () => {
    const usage = "{ input: /meta/in~1put, output: /a~0b/0, total: { header: X-Tokens }, model: / }";
    assert.deepEqual(termsOf(`{ provider: custom, usage: ${usage} }`).source, {
      provider: "custom",
      usage: {
        input: { kind: "pointer", path: ["meta", "in/put"] },
        output: { kind: "pointer", path: ["a~b", "0"] },
        total: { kind: "header", name: "x-tokens" },
        model: { kind: "pointer", path: [""] },
      },
    });
  });

  test("answers as its provider does where the file asks for it and weir knows how", () => {
    const formats = {
      openai: ["openai", "openai-responses", "azure-openai", "mistral", "vllm", "deepseek", "groq"],
      anthropic: ["anthropic"],
      gemini: ["gemini", "vertex"],
      bedrock: ["bedrock", "bedrock-converse", "bedrock-invoke"],
      none: ["cohere", "ollama"],
    };
    assert.deepEqual(Object.values(formats).flat().sort(), [...aiProviders].sort());
    const formatOf = (ai: string, faults: string) => apiWith(ai, faults)?.faults?.format ?? "none";
    for (const [format, providers] of Object.entries(formats)) {
      for (const provider of providers) {
        assert.equal(formatOf(`{ provider: ${provider} }`, "faults: { ai: provider }"), format, provider);
        assert.equal(formatOf(`{ provider: ${provider} }`, "faults: { ai: same }"), "none", provider);
      }
    }
    const custom = "{ provider: custom, usage: { total: /total } }";
    for (const ai of ["{}", custom]) assert.equal(formatOf(ai, "faults: { ai: provider }"), "none");
  });

  test("is charged after the response, by an estimate where that tells nothing, if nothing else is said", () => {
    assert.deepEqual(termsOf("{ provider: openai }"), {
      source: { provider: "openai" },
      admission: "charge-after",
      includeUsage: "off",
      readsRequest: false,
      onMissingUsage: "estimate",
      onDisconnect: "estimate",
      reservation: { completionTokens: 1024, maxShare: 0.25 },
    });
  });

  test("says otherwise part by part", () => {
    const ai =
      "{ provider: vllm, admission: reserve, includeUsage: hide, onMissingUsage: reservation, onDisconnect: zero, " +
      "reservation: { completionTokens: 300, maxShare: 1 } }";
    assert.deepEqual(termsOf(ai), {
      source: { provider: "vllm" },
      admission: "reserve",
      includeUsage: "hide",
      readsRequest: true,
      onMissingUsage: "reservation",
      onDisconnect: "zero",
      reservation: { completionTokens: 300, maxShare: 1 },
    });
    const partly = termsOf("{ admission: reserve, reservation: { maxShare: 0.5 } }");
    assert.deepEqual(partly.reservation, { completionTokens: 1024, maxShare: 0.5 });
  });
});

describe("streams are asked for their usage", () => {
  const asks = (ai: string) => termsOf(ai).includeUsage;

  test("under reserve where they tell it only then", () => {
    const asked = aiProviders.filter(
      (provider) => asks(`{ provider: ${provider}, admission: reserve }`) === "inject",
    );
    assert.deepEqual(asked, ["openai", "azure-openai", "vllm", "deepseek", "groq"]);
  });

  test("not where nobody knows whether they may be, nor under charge-after, unless the file says so", () => {
    assert.equal(asks("{ admission: reserve }"), "off");
    assert.equal(asks("{ provider: openai }"), "off");
    for (const includeUsage of ["inject", "hide"]) {
      assert.equal(asks(`{ includeUsage: ${includeUsage} }`), includeUsage);
      assert.equal(asks(`{ provider: ollama, includeUsage: ${includeUsage} }`), includeUsage);
    }
  });

  test("never where the file says off", () => {
    assert.equal(asks("{ provider: openai, admission: reserve, includeUsage: off }"), "off");
  });
});

describe("requests to an AI API are read before they pass", () => {
  const reads = (ai: string, more?: string) => termsOf(ai, more).readsRequest;
  const limit = "{ requests: 5, per: minute, model: o1 }";

  test("to reserve for them and to ask for usage", () => {
    assert.equal(reads("{ admission: reserve }"), true);
    assert.equal(reads("{ provider: openai, includeUsage: inject }"), true);
  });

  test("to find the limits of their models, wherever these stand, and to refuse unknown ones", () => {
    for (const more of [
      `gateway: { limits: [${limit}] }`,
      `tiers: { T: { burst: ${limit} } }`,
      `custom: [{ name: c, key: k, limits: [${limit}] }]`,
      "models: { gpt-4: {} }\nunknownModel: deny",
    ])
      assert.equal(reads("{}", more), true, more);
  });

  test("and not otherwise", () => {
    assert.equal(reads("{}"), false);
    const more =
      'models: { "*": { price: { input: 1, output: 1 } } }\ngateway: { limits: [{ spend: 5, per: day }] }';
    assert.equal(reads("{}", more), false);
  });
});
