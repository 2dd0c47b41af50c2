import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { aiProviders } from "../../src/policy/ai.js";
import type { Api } from "../../src/policy/policy.js";

/** The API of a policy whose API has such an `ai`, in YAML. */
function apiWith(ai: string, faults = ""): Api | undefined {
  const api = `{ name: a, version: v1, match: { pathPrefix: /a }, ai: ${ai} }`;
  return parsePolicy(`version: 1\napis: [${api}]\n${faults}`, "policy.yaml").policy.apisByRef.get("a/v1");
}

describe("an AI API", () => {
  test("names its provider, or has it found out", () => {
    for (const provider of aiProviders) {
      assert.deepEqual(apiWith(`{ provider: ${provider} }`)?.ai, { provider });
    }
    assert.deepEqual(apiWith("{}")?.ai, { provider: "detected" });
  });

  test("tells by JSON pointers and headers where another provider's usage is", () => {
    const usage = "{ input: /meta/in~1put, output: /a~0b/0, total: { header: X-Tokens }, model: / }";
    assert.deepEqual(apiWith(`{ provider: custom, usage: ${usage} }`)?.ai, {
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
});
