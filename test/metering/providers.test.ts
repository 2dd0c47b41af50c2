import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Provider, providers, type UsageSource } from "../../src/metering/providers.js";
import type { Usage } from "../../src/metering/usage.js";
import { aiProviders } from "../../src/policy/ai.js";
import { headOf, usageOf } from "./feeding.js";
import { EVENT, EXCEPTION, frame } from "./frames.js";
import { event } from "./responses.js";
import { samples } from "./samples.js";

const DETECTED: UsageSource = { provider: "detected" };

/** The usage of a body that is one JSON document. */
function used(provider: Provider | "detected", document: unknown, path?: string): Usage | null {
  return usageOf({ provider }, JSON.stringify(document), headOf({}, path));
}

function counts(usage: Usage | null): number[] | null {
  return (
    usage && [
      usage.input,
      usage.output,
      usage.total,
      usage.cachedInput,
      usage.cacheWriteInput,
      usage.reasoning,
    ]
  );
}

test("a policy can name every provider, and no other", () => {
  assert.deepEqual([...aiProviders].sort(), [...providers].sort());
});

describe("Anthropic's usage", () => {
  const usage = {
    input_tokens: 10,
    cache_read_input_tokens: 5,
    cache_creation_input_tokens: 3,
    output_tokens: 7,
  };
  const start = {
    type: "message_start",
    message: { model: "claude", usage: { ...usage, output_tokens: 1 } },
  };
  const delta = (rest: object) => ({
    type: "message_delta",
    delta: { stop_reason: "end_turn" },
    usage: rest,
  });
  const stop = event({ type: "message_stop" });

  test("is the largest of each figure: zeros and gaps in later events undo nothing", () => {
    const body = (rest: object) => event(start) + event(delta(rest)) + stop;
    for (const rest of [
      { output_tokens: 7 },
      { input_tokens: 0, output_tokens: 7, cache_read_input_tokens: 0 },
      { input_tokens: 10, output_tokens: 7, cache_read_input_tokens: null },
    ]) {
      assert.deepEqual(counts(usageOf({ provider: "anthropic" }, body(rest))), [18, 7, 25, 5, 3, 0]);
    }
    const grown = usageOf({ provider: "anthropic" }, body({ input_tokens: 40, output_tokens: 7 }));
    assert.deepEqual(counts(grown), [48, 7, 55, 5, 3, 0]);
  });

  test("is never summed over events", () => {
    const growing = [2, 4, 9].map((output_tokens) => event(delta({ output_tokens }))).join("");
    assert.equal(usageOf({ provider: "anthropic" }, event(start) + growing + stop)?.output, 9);
  });

  test("takes what was written to a cache by its age where there is no sum", () => {
    const written = { ephemeral_5m_input_tokens: 4, ephemeral_1h_input_tokens: 2 };
    const message = {
      type: "message",
      model: "m",
      usage: { input_tokens: 1, output_tokens: 1, cache_creation: written },
    };
    assert.deepEqual(counts(used("anthropic", message)), [7, 1, 8, 0, 6, 0]);
  });

  test("of a stream that breaks off is not complete, nor is that of one with an error", () => {
    const whole = event(start) + event(delta({ output_tokens: 7 }));
    assert.equal(usageOf({ provider: "anthropic" }, event(start))?.complete, false);
    assert.equal(usageOf({ provider: "anthropic" }, whole)?.complete, true);
    const error = `event: error\n${event({ type: "error", error: { type: "overloaded_error" } })}`;
    const failed = usageOf({ provider: "anthropic" }, event(start) + error);
    assert.deepEqual([failed?.input, failed?.complete], [18, false]);
    assert.equal(usageOf({ provider: "anthropic" }, whole + error + stop)?.complete, false);
  });

  test("is none where tokens are only counted", () => {
    assert.equal(used("anthropic", { input_tokens: 14 }), null);
    assert.equal(used("detected", { input_tokens: 14 }, "/v1/messages/count_tokens"), null);
  });
});

describe("Gemini's usage", () => {
  const of = (usageMetadata: object) => counts(used("gemini", { candidates: [], usageMetadata }));

  test("counts thoughts once, whether the candidates have them or not", () => {
    const asked = { promptTokenCount: 10, thoughtsTokenCount: 30 };
    assert.deepEqual(of({ ...asked, candidatesTokenCount: 5, totalTokenCount: 45 }), [10, 35, 45, 0, 0, 30]);
    assert.deepEqual(of({ ...asked, candidatesTokenCount: 35, totalTokenCount: 45 }), [10, 35, 45, 0, 0, 30]);
    assert.deepEqual(of({ ...asked, candidatesTokenCount: 5 }), [10, 35, 45, 0, 0, 30]);
  });

  test("has prompts of tools in the input, whether the total has them or not", () => {
    const asked = {
      promptTokenCount: 10,
      toolUsePromptTokenCount: 4,
      candidatesTokenCount: 5,
      thoughtsTokenCount: 6,
    };
    assert.deepEqual(of({ ...asked, totalTokenCount: 25 }), [14, 11, 25, 0, 0, 6]);
    assert.deepEqual(of({ ...asked, totalTokenCount: 21 }), [14, 11, 25, 0, 0, 6]);
  });

  test("has in the output what only the total tells", () => {
    assert.deepEqual(
      of({ promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 20 }),
      [10, 10, 20, 0, 0, 0],
    );
  });

  test("is that of the prompt where it was blocked", () => {
    const blocked = {
      promptFeedback: { blockReason: "SAFETY" },
      usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
    };
    assert.deepEqual(counts(used("gemini", blocked)), [9, 0, 9, 0, 0, 0]);
  });

  test("is the last of a stream, complete once every candidate has finished", () => {
    const chunk = (candidatesTokenCount: number, finishReason?: string) => ({
      candidates: [{ content: {}, finishReason }],
      usageMetadata: { promptTokenCount: 3, candidatesTokenCount, totalTokenCount: 3 + candidatesTokenCount },
      modelVersion: "gemini",
    });
    const running = event(chunk(2)) + event(chunk(5));
    const last = event(chunk(9, "STOP"));
    assert.deepEqual(
      [usageOf({ provider: "gemini" }, running)?.output, usageOf({ provider: "gemini" }, running)?.complete],
      [5, false],
    );
    const whole = usageOf({ provider: "gemini" }, running + last);
    assert.deepEqual([whole?.output, whole?.complete], [9, true]);
  });

  test("is none where tokens are only counted", () => {
    assert.equal(used("detected", { totalTokens: 31 }, "/v1beta/models/gemini:countTokens"), null);
  });
});

describe("OpenAI's responses", () => {
  const usage = { input_tokens: 10, output_tokens: 4, total_tokens: 14 };
  const last = (type: string, rest: object = {}) => ({
    type,
    response: { model: "m", usage, error: null, ...rest },
  });

  test("are over with any of their last events, and complete unless they failed", () => {
    for (const [type, complete] of [
      ["response.completed", true],
      ["response.incomplete", true],
      ["response.failed", false],
      ["response.in_progress", false],
    ] as const) {
      const told = usageOf({ provider: "openai" }, event(last(type)));
      assert.deepEqual([told?.total, told?.complete], [14, complete], type);
    }
    assert.equal(usageOf(DETECTED, event(last("response.failed", { usage: null, error: {} }))), null);
  });

  test("of images and transcriptions tell tokens in the same way", () => {
    assert.equal(used("openai", { created: 1, data: [], usage })?.total, 14);
    assert.equal(used("detected", { text: "hi", usage: { type: "tokens", ...usage } })?.total, 14);
    assert.equal(used("detected", { text: "hi", usage: { type: "duration", seconds: 9 } }), null);
  });
});

describe("Bedrock's usage", () => {
  const metrics = { inputTokenCount: 14, outputTokenCount: 36, cacheReadInputTokenCount: 5 };
  const chunk = (document: unknown) =>
    frame(JSON.stringify({ bytes: btoa(JSON.stringify(document)), p: "ab" }), EVENT);
  const header = { "x-amzn-bedrock-input-token-count": "14", "x-amzn-bedrock-output-token-count": "36" };

  test("is in headers that stand against what the body says", () => {
    const body = JSON.stringify({
      type: "message",
      model: "m",
      usage: { input_tokens: 1, output_tokens: 2 },
    });
    for (const source of [DETECTED, { provider: "bedrock" }, { provider: "bedrock-invoke" }] as const) {
      assert.deepEqual(counts(usageOf(source, body, headOf(header))), [14, 36, 50, 0, 0, 0]);
      assert.equal(usageOf(source, body, headOf(header))?.model, "m");
    }
    const cached = { ...header, "x-amzn-bedrock-cache-read-input-token-count": "6" };
    assert.deepEqual(counts(usageOf({ provider: "bedrock" }, "{}", headOf(cached))), [20, 36, 56, 6, 0, 0]);
  });

  test("is in the body where there are no headers, whosever model it is", () => {
    const bodies: [object, number][] = [
      [{ type: "message", usage: { input_tokens: 1, output_tokens: 2 } }, 3],
      [{ output: {}, usage: { inputTokens: 4, outputTokens: 2, totalTokens: 6 } }, 6],
      [{ choices: [], usage: { prompt_tokens: 7, completion_tokens: 1 } }, 8],
    ];
    for (const [body, total] of bodies) {
      assert.equal(used("bedrock-invoke", body)?.total, total);
      assert.equal(used("bedrock", body)?.total, total);
    }
  });

  test("is in the last message of a stream, whatever the vendor's documents are", () => {
    const stream = Buffer.concat([
      chunk({ generation: "Hi", generation_token_count: 1 }),
      chunk({ generation: "", "amazon-bedrock-invocationMetrics": metrics }),
    ]);
    assert.deepEqual(counts(usageOf({ provider: "bedrock" }, stream)), [19, 36, 55, 5, 0, 0]);
    assert.equal(usageOf(DETECTED, stream)?.complete, true);
  });

  test("is not complete where an exception comes inside the stream", () => {
    const usage = { inputTokens: 3, outputTokens: 4, totalTokens: 7 };
    const stream = Buffer.concat([
      frame(JSON.stringify({ usage })),
      frame('{"message":"slow down"}', EXCEPTION),
    ]);
    const told = usageOf({ provider: "bedrock-converse" }, stream);
    assert.deepEqual([told?.total, told?.complete], [7, false]);
  });

  test("does not come from a message whose checksum is wrong", () => {
    const bad = frame(JSON.stringify({ usage: { inputTokens: 3, outputTokens: 4 } }));
    bad[bad.length - 8] = 0x39;
    assert.equal(usageOf({ provider: "bedrock-converse" }, bad), null);
  });

  test("is none in an error with status 200", () => {
    const error = {
      Output: { __type: "com.amazon.coral.service#UnknownOperationException" },
      Version: "1.0",
    };
    assert.equal(used("bedrock", error), null);
  });

  test("names the model of the path, decoded", () => {
    const arn = "arn:aws:bedrock:eu-west-1:123:inference-profile/eu.amazon.nova-lite-v1:0";
    const body = { usage: { inputTokens: 1, outputTokens: 1 } };
    for (const operation of ["converse", "converse-stream", "invoke", "invoke-with-response-stream"]) {
      assert.equal(
        used("bedrock", body, `/llm/model/${encodeURIComponent(arn)}/${operation}?a=b`)?.model,
        arn,
      );
    }
    assert.equal(used("bedrock", body, "/model/%E0%A4%A/converse")?.model, "%E0%A4%A");
  });
});

describe("Cohere's usage", () => {
  const billed_units = { input_tokens: 5, output_tokens: 418 };

  test("is in billed units where there are no tokens", () => {
    assert.deepEqual(counts(used("cohere", { usage: { billed_units } })), [5, 418, 423, 0, 0, 0]);
    const embedding = { embeddings: [], meta: { billed_units: { input_tokens: 5 } } };
    assert.deepEqual(counts(used("detected", embedding)), [5, 0, 5, 0, 0, 0]);
  });

  test("of version 1 is found in a body, too", () => {
    const meta = { billed_units, tokens: { input_tokens: 71, output_tokens: 420 } };
    assert.deepEqual(counts(used("cohere", { text: "x", meta })), [71, 420, 491, 0, 0, 0]);
  });

  test("is not complete where the end is an error", () => {
    const delta = { finish_reason: "ERROR", usage: { tokens: { input_tokens: 1, output_tokens: 2 } } };
    const told = usageOf({ provider: "cohere" }, event({ type: "message-end", delta }));
    assert.deepEqual([told?.total, told?.complete], [3, false]);
  });
});

describe("Ollama's usage", () => {
  test("may lack the prompt, which was in the cache", () => {
    assert.deepEqual(counts(used("ollama", { model: "m", done: true, eval_count: 7 })), [0, 7, 7, 0, 0, 0]);
  });

  test("of embeddings is the prompt alone", () => {
    const told = used("ollama", { model: "m", embeddings: [[0.1]], prompt_eval_count: 8 });
    assert.deepEqual([told?.total, told?.complete], [8, true]);
  });

  test("is none where a model was only loaded, and not complete behind an error", () => {
    assert.equal(used("ollama", { model: "m", done: true, done_reason: "load" }), null);
    const lines = '{"model":"m","done":false,"eval_count":3}\n{"error":"out of memory"}\n';
    assert.equal(usageOf({ provider: "ollama" }, lines)?.complete, false);
  });
});

describe("a provider that is not told", () => {
  test("is found out by what the response says, though the path says another", () => {
    for (const { name, headers, body, used: expected } of samples) {
      for (const path of ["/v1/chat/completions", "/v1/messages", "/x/api/chat", "/v2/chat", "/"]) {
        assert.deepEqual(usageOf(DETECTED, body, headOf(headers, path)), expected, `${name} at ${path}`);
      }
    }
  });

  test("is taken from the path where the response does not say", () => {
    const usage = { input_tokens: 3, output_tokens: 4 };
    assert.equal(used("detected", { usage }), null);
    assert.equal(used("detected", { usage }, "/llm/v1/messages?beta=true")?.total, 7);
    assert.equal(used("detected", { usage }, "/llm/v1/responses/")?.total, 7);
    assert.equal(used("openai", { usage }, "/llm/v1/messages"), null);
  });

  test("names the model of the path only where the response names none", () => {
    const usage = { prompt_tokens: 1 };
    const path = "/openai/deployments/my-gpt/chat/completions?api-version=1";
    assert.equal(used("detected", { usage }, path)?.model, "my-gpt");
    assert.equal(used("detected", { usage, model: "gpt-9" }, path)?.model, "gpt-9");
    const google = "/v1/projects/p/locations/l/publishers/google/models/gemini-9:generateContent";
    assert.equal(used("vertex", { usageMetadata: { promptTokenCount: 1 } }, google)?.model, "gemini-9");
  });
});

describe("a provider that is told", () => {
  test("is not taken for another", () => {
    const claude = { type: "message", usage: { input_tokens: 3, output_tokens: 4 } };
    assert.equal(used("openai", claude), null);
    assert.equal(used("gemini", claude), null);
    assert.equal(used("vertex", claude)?.total, 7);
  });

  test("may serve OpenAI's format beside its own", () => {
    const chat = {
      object: "chat.completion",
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 4 },
    };
    for (const provider of ["anthropic", "gemini", "vertex", "bedrock", "cohere", "ollama"] as const) {
      assert.equal(used(provider, chat)?.total, 7, provider);
    }
  });
});

describe("a custom provider's usage", () => {
  const pointer = (...path: string[]) => ({ kind: "pointer", path }) as const;
  const custom = (usage: Extract<UsageSource, { provider: "custom" }>["usage"]): UsageSource => ({
    provider: "custom",
    usage,
  });
  const places = custom({
    input: pointer("meta", "in/put"),
    output: pointer("results", "0", "generated"),
    cachedInput: pointer("meta", "cached"),
    model: { kind: "header", name: "x-model" },
  });
  const document = {
    results: [{ generated: "12" }],
    meta: { "in/put": 30, cached: 10 },
    usage: { prompt_tokens: 9 },
  };
  const head = headOf({ "x-model": "ours" });
  const expected = { input: 30, output: 12, total: 42, cachedInput: 10, cacheWriteInput: 0, reasoning: 0 };

  test("is read from the places that are named, in bodies and streams of every kind", () => {
    const text = JSON.stringify(document);
    for (const body of [
      text,
      `[${text}]`,
      `${text}\n`,
      event(document),
      event({}) + event(document) + event({ meta: null }),
      frame(text),
    ]) {
      assert.deepEqual(
        usageOf(places, body, head),
        { ...expected, model: "ours", complete: true },
        String(body),
      );
    }
  });

  test("is read from headers alone, too", () => {
    const source = custom({ total: { kind: "header", name: "x-tokens" } });
    assert.deepEqual(counts(usageOf(source, "{}", headOf({ "x-tokens": "77" }))), [0, 0, 77, 0, 0, 0]);
    assert.equal(usageOf(source, "{}", headOf()), null);
  });

  test("is the last that comes in a stream", () => {
    const source = custom({ input: pointer("in"), output: pointer("out") });
    const stream = event({ in: 3, out: 1 }) + event({ out: 5 }) + event({ text: "x" }) + event({ out: 9 });
    assert.deepEqual(counts(usageOf(source, stream)), [3, 9, 12, 0, 0, 0]);
  });

  test("is none where the places lead nowhere, to prototypes or to no counts", () => {
    for (const path of [
      ["constructor", "name"],
      ["__proto__"],
      ["results", "length"],
      ["results", "07"],
      ["no"],
    ]) {
      assert.equal(
        usageOf(custom({ total: { kind: "pointer", path } }), JSON.stringify(document)),
        null,
        path.join(),
      );
    }
    const odd = usageOf(custom({ total: pointer("meta") }), JSON.stringify(document));
    assert.equal(odd?.total, 0);
  });

  test("is found under a name that is escaped where it stands", () => {
    const source = custom({ total: pointer("größe") });
    assert.equal(usageOf(source, 'data: {"gr\\u00f6\\u00dfe":5}\n\n')?.total, 5);
  });
});
