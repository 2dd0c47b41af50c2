import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { type InferenceRequest, readInferenceRequest } from "../../src/inference/request.js";
import { bytesOf } from "../metering/feeding.js";

const chatPath = "/v1/chat/completions";

function read(body: unknown, path: string | undefined = chatPath): InferenceRequest {
  return readText(JSON.stringify(body), path);
}

function readText(text: string | Uint8Array, path: string | undefined = chatPath): InferenceRequest {
  return readInferenceRequest(bytesOf(text), { path, contentLength: null, isTruncated: false });
}

/** Reads the first `share` of a body, knowing or not how long it is. */
function readBeginning(text: string, bytes: number, contentLength: number | null): InferenceRequest {
  const beginning = bytesOf(text).subarray(0, bytes);
  return readInferenceRequest(beginning, { path: chatPath, contentLength, isTruncated: true });
}

function prompt(text: string): number {
  return read({ messages: [{ role: "user", content: text }] }).promptTokens;
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * tolerance, `${actual}, expected about ${expected}`);
}

test("a chat request tells model, cap, choices, streaming and a prompt", () => {
  const messages = [{ role: "user", content: "Say this is a test!" }];
  assert.deepEqual(read({ model: "gpt-4o", messages, max_tokens: 7, n: 2, stream: true, temperature: 0 }), {
    model: "gpt-4o",
    // 3 for the message, 1 for its role, 5 for its 19 characters.
    promptTokens: 9,
    maxOutputTokens: 7,
    choices: 2,
    isStream: true,
    generates: true,
  });
});

test("each API's cap of the answer is found, under its own path and where no path tells the API", () => {
  const cases: [body: object, path: string][] = [
    [{ max_tokens: 42 }, "/v1/chat/completions"],
    [{ max_completion_tokens: 42 }, "/openai/deployments/a/chat/completions?api-version=1"],
    [{ max_tokens: 42 }, "/v1/completions"],
    [{ max_output_tokens: 42 }, "/v1/responses"],
    [{ max_tokens: 42 }, "/v1/messages"],
    [{ max_tokens_to_sample: 42 }, "/v1/complete"],
    [{ generationConfig: { maxOutputTokens: 42 } }, "/v1beta/models/gemini-2.0:generateContent"],
    [{ generation_config: { max_output_tokens: 42 } }, "/v1beta/models/gemini-2.0:streamGenerateContent"],
    [{ inferenceConfig: { maxTokens: 42 } }, "/model/a/converse"],
    [{ max_tokens: 42 }, "/model/anthropic.claude/invoke"],
    [{ max_tokens_to_sample: 42 }, "/model/anthropic.claude/invoke"],
    [{ textGenerationConfig: { maxTokenCount: 42 } }, "/model/amazon.titan/invoke"],
    [{ max_gen_len: 42 }, "/model/meta.llama/invoke-with-response-stream"],
    [{ max_tokens: 42 }, "/v2/chat"],
    [{ options: { num_predict: 42 } }, "/api/chat"],
  ];
  for (const [body, path] of cases) {
    assert.equal(read(body, path).maxOutputTokens, 42, path);
    assert.equal(read(body, "/unknown").maxOutputTokens, 42, JSON.stringify(body));
    assert.equal(read({}, path).maxOutputTokens, null, path);
  }
});

test("max_completion_tokens wins over max_tokens, in either order", () => {
  assert.equal(read({ max_completion_tokens: 5, max_tokens: 9 }).maxOutputTokens, 5);
  assert.equal(read({ max_tokens: 9, max_completion_tokens: 5 }).maxOutputTokens, 5);
  assert.equal(read({ max_tokens: 9, max_completion_tokens: null }).maxOutputTokens, 9);
});

test("another API's cap does not count: some servers pass over fields that they do not know", () => {
  assert.equal(read({ options: { num_predict: 1 }, max_output_tokens: 1 }).maxOutputTokens, null);
  assert.equal(read({ max_tokens: 1 }, "/v1/responses").maxOutputTokens, null);
});

test("caps of an odd type or not above zero are ignored, and numbers in strings are read", () => {
  for (const odd of [-1, 0, null, true, "x", "", "-5", {}, [5], { a: 5 }]) {
    assert.equal(read({ max_tokens: odd }).maxOutputTokens, null, JSON.stringify(odd));
    assert.equal(read({ n: odd }).choices, 1, JSON.stringify(odd));
  }
  assert.equal(readText('{"max_tokens":NaN}').maxOutputTokens, null);
  assert.equal(read({ options: { num_predict: -1 } }, "/api/chat").maxOutputTokens, null);
  assert.equal(read({ max_tokens: "42" }).maxOutputTokens, 42);
  assert.equal(read({ max_tokens: 41.5 }).maxOutputTokens, 42);
  assert.equal(readText('{"max_tokens":1e400}').maxOutputTokens, 1_000_000_000);
});

test("of duplicate fields the last counts, whole objects included", () => {
  assert.equal(readText('{"max_tokens":1,"max_tokens":2}').maxOutputTokens, 2);
  assert.equal(readText('{"max_tokens":1,"max_tokens":{}}').maxOutputTokens, null);
  assert.equal(readText('{"stream":true,"stream":false}').isStream, false);
  assert.equal(readText('{"model":"a","model":"b"}').model, "b");
  const twice = '{"options":{"num_predict":1,"num_predict":3},"options":';
  assert.equal(readText(`${twice}{"num_predict":2}}`, "/api/chat").maxOutputTokens, 2);
  assert.equal(readText(`${twice}{}}`, "/api/chat").maxOutputTokens, null);
  assert.equal(readText(`${twice}1}`, "/api/chat").maxOutputTokens, null);
});

test("names may be written with escapes, and only count where they belong", () => {
  assert.equal(readText('{"max\\u005ftokens":3}').maxOutputTokens, 3);
  assert.equal(readText('{"model":"gpt\\u002d4o"}').model, "gpt-4o");
  const nested = { max_tokens: 1, n: 5, stream: true, model: "x" };
  const request = read({ a: nested, b: [nested], messages: [nested] });
  assert.deepEqual(
    [request.maxOutputTokens, request.choices, request.isStream, request.model],
    [null, 1, false, null],
  );
  const misplaced = { options: [{ num_predict: 1 }], "options.num_predict": 1 };
  assert.equal(read(misplaced, "/api/chat").maxOutputTokens, null);
});

test("the path names the model before the body does", () => {
  assert.equal(read({ model: "a" }).model, "a");
  assert.equal(read({ model: "a" }, "/openai/deployments/b/chat/completions").model, "b");
  assert.equal(read({}, "/model/arn%3Aaws%3Ax%2Fy/converse").model, "arn:aws:x/y");
  assert.equal(read({}, "/v1beta/models/gemini-2.0:generateContent").model, "gemini-2.0");
  for (const odd of [null, 5, "", {}, "x".repeat(5_000)]) assert.equal(read({ model: odd }).model, null);
});

test("answers are counted by n, best_of, candidateCount, and the prompts of a list", () => {
  assert.equal(read({}).choices, 1);
  assert.equal(read({ n: 2, best_of: 5 }).choices, 5);
  assert.equal(read({ n: 5, best_of: 2 }).choices, 5);
  assert.equal(read({ generationConfig: { candidateCount: 3 } }).choices, 3);
  assert.equal(read({ generation_config: { candidate_count: 3 } }).choices, 3);
  assert.equal(read({ prompt: "a" }).choices, 1);
  assert.equal(read({ prompt: ["a", "b", "c"], n: 2 }).choices, 6);
  assert.equal(read({ prompt: [[1, 2], [3]] }).choices, 2);
  assert.equal(read({ prompt: [1, 2, 3] }).choices, 1);
  assert.equal(readText('{"prompt":["a","b"],"prompt":"c"}').choices, 1);
  assert.equal(read({ n: 1e9 }).choices, 128);
});

test("whether it streams is told by the body, by the path, and for Ollama by default", () => {
  assert.equal(read({ stream: true }).isStream, true);
  for (const stream of [false, null, "true", 1]) assert.equal(read({ stream }).isStream, false);
  for (const path of [
    "/v1beta/models/gemini:streamGenerateContent?alt=sse",
    "/v1/projects/p/models/claude:streamRawPredict",
    "/model/a/converse-stream",
    "/model/a/invoke-with-response-stream",
    "/api/chat",
    "/api/generate",
  ]) {
    assert.equal(read({}, path).isStream, true, path);
  }
  for (const path of [
    "/v1beta/models/gemini:generateContent",
    "/model/a/converse",
    "/model/a/invoke",
    "/x",
  ]) {
    assert.equal(read({}, path).isStream, false, path);
  }
  assert.equal(read({ stream: false }, "/api/chat").isStream, false);
});

test("embeddings, reranking, classification and counting generate nothing", () => {
  for (const path of [
    "/v1/embeddings",
    "/api/embed",
    "/api/embeddings",
    "/v2/embed",
    "/v2/rerank",
    "/v1/classify",
    "/v1/moderations",
    "/v1/messages/count_tokens?beta=true",
    "/v1/responses/input_tokens",
    "/v1beta/models/gemini:countTokens",
    "/v1beta/models/embed:batchEmbedContents",
    "/model/a/count-tokens",
    "/model/amazon.titan-embed-text-v2%3A0/invoke",
  ]) {
    assert.deepEqual([read({}, path).generates, read({ stream: true }, path).isStream], [false, false], path);
  }
  for (const path of [
    chatPath,
    "/v1/responses",
    "/v1/messages",
    "/model/amazon.nova/invoke",
    "/x",
    undefined,
  ]) {
    assert.equal(read({}, path).generates, true, path);
  }
});

test("text comes to about 4 bytes a token, other scripts to more", () => {
  const letters = 12_000;
  assertNear(prompt("the cat ".repeat(letters / 8)), letters / 4, 0.01);
  assertNear(prompt("ж".repeat(letters)), letters, 0.01);
  assertNear(prompt("字".repeat(letters)), letters / 1.3, 0.01);
  assertNear(prompt("🦊".repeat(letters)), letters * 2, 0.01);
});

test("text that is written with escapes comes to the same", () => {
  for (const text of ["ж", "字", "🦊", "字a", "é\n", '"'].map((unit) => unit.repeat(500))) {
    const escaped = JSON.stringify({ messages: [{ role: "user", content: text }] }).replace(
      /[^\x20-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    assert.equal(readText(escaped).promptTokens, prompt(text), text.slice(0, 3));
  }
});

test("names count in the schemas of tools only, and the model nowhere", () => {
  const base = read({ messages: [] }).promptTokens;
  assert.equal(read({ model: "a-name-of-many-tokens", messages: [], temperature: 1 }).promptTokens, base);
  const properties = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`property${i}`, {}]));
  assert.ok(read({ tools: [{ parameters: { properties } }] }).promptTokens >= base + 50);
  assert.ok(read({ metadata: { properties } }).promptTokens < base + 5);
});

test("numbers in lists are tokens already", () => {
  const input = Array.from({ length: 1_000 }, (_, i) => i);
  assert.equal(read({ input }, "/v1/embeddings").promptTokens, 1_000);
  assert.equal(read({ input: [input, input] }, "/v1/embeddings").promptTokens, 2_000);
  assert.equal(read({ prompt: input }, "/v1/completions").promptTokens, 1_000);
});

test("an image or a file in base64 comes to a flat figure, in every API's form", () => {
  const data = Buffer.from(Array.from({ length: 60_000 }, (_, i) => (i * 7919) % 251)).toString("base64");
  const url = `data:image/png;base64,${data}`;
  const contents = [
    { type: "image_url", image_url: { url } },
    { type: "image", source: { type: "base64", media_type: "image/png", data } },
    { inlineData: { mimeType: "image/png", data } },
    { image: { format: "png", source: { bytes: data } } },
    { file: { file_data: data.replaceAll("/", "_").replaceAll("+", "-") } },
  ];
  for (const content of contents) {
    const { promptTokens } = read({ messages: [{ role: "user", content: [content, content] }] });
    assertNear(promptTokens, 2_000, 0.02);
  }
  assertNear(readText(JSON.stringify({ images: [url] }).replaceAll("/", "\\/")).promptTokens, 1_000, 0.02);
});

test("text that only looks like base64 at first is text", () => {
  const words = "QUJD".repeat(1_000);
  assertNear(prompt(`${words} ${words}`), 2_000, 0.02);
  assertNear(prompt(`data:text/plain;base64,${words}, ${words}`), 2_000, 0.02);
  assert.ok(prompt("data:text/plain;base64,QUJD") < 20);
  assert.ok(prompt("A".repeat(600)) < 170, "a payload never counts more than the same as text");
});

test("the beginning of a text stands for all of it", () => {
  const messages = Array.from({ length: 400 }, () => ({
    role: "user",
    content: "Tell me about rivers. ".repeat(20),
  }));
  const text = JSON.stringify({ model: "m", max_tokens: 9, messages });
  const whole = readText(text).promptTokens;
  for (const bytes of [5_000, 30_000, 100_000]) {
    const request = readBeginning(text, bytes, text.length);
    assertNear(request.promptTokens, whole, 0.05);
    assert.deepEqual([request.model, request.maxOutputTokens], ["m", 9]);
    assertNear(readBeginning(text, bytes, null).promptTokens, (whole * bytes) / text.length, 0.05);
  }
});

test("the beginning of an image does not stand for text", () => {
  const url = `data:image/png;base64,${"iVBORw0KGgo".repeat(100_000)}`;
  const text = JSON.stringify({ messages: [{ role: "user", content: ["What is this?", { url }] }] });
  assertNear(readBeginning(text, 60_000, text.length).promptTokens, 1_010, 0.01);
});

test("a number at the cut does not count", () => {
  assert.equal(readBeginning('{"max_tokens":1000}', 15, 19).maxOutputTokens, null);
});

test("a body that is no JSON comes to one file at most", () => {
  const form = `--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n${"\u0000ÿ".repeat(100_000)}`;
  assert.equal(readText(form, "/v1/audio/transcriptions").promptTokens, 1_000);
  assert.equal(readText("hello world!").promptTokens, 3);
  assert.equal(readText("").promptTokens, 0);
  assert.equal(readBeginning(form, 100, null).promptTokens, 0);
  assert.equal(readBeginning(form, 100, 400).promptTokens, 100);
});

test("what is behind malformed JSON counts as text: some servers are more lenient", () => {
  const text = `{"a":1,,"messages":[{"content":"${"word ".repeat(800)}"}]}`;
  assertNear(readText(text).promptTokens, 1_000, 0.02);
});

function assertSane(request: InferenceRequest): void {
  const { model, promptTokens, maxOutputTokens, choices } = request;
  assert.ok(Number.isSafeInteger(promptTokens) && promptTokens >= 0);
  assert.ok(maxOutputTokens === null || (Number.isSafeInteger(maxOutputTokens) && maxOutputTokens > 0));
  assert.ok(Number.isSafeInteger(choices) && choices >= 1);
  assert.ok(model === null || (model !== "" && model.length <= 256));
}

const head = fc.record({
  path: fc.option(fc.oneof(fc.string(), fc.constantFrom(chatPath, "/api/chat", "/model/%/converse")), {
    nil: undefined,
  }),
  contentLength: fc.option(fc.oneof(fc.nat(5_000), fc.maxSafeNat())),
  isTruncated: fc.boolean(),
});

test("no bytes make it throw or say anything impossible", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), head, (bytes, where) => {
      assertSane(readInferenceRequest(bytes, where));
    }),
  );
  const fragment = fc.constantFrom(
    ...'{}[],:"\\ -1e9',
    "\\u00",
    '"n":',
    '"max_tokens":',
    '"prompt":[',
    '"options":{',
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 60 }), head, (fragments, where) => {
      assertSane(readInferenceRequest(bytesOf(fragments.join("")), where));
    }),
    { numRuns: 2_000 },
  );
});

test("fields are found among any others, whole or cut, as JSON.parse finds them", () => {
  const fields = fc.record(
    {
      model: fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
      max_tokens: fc.integer({ min: 1, max: 1e9 }),
      n: fc.integer({ min: 1, max: 128 }),
      stream: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const others = fc.dictionary(fc.string({ minLength: 14 }), fc.jsonValue());
  fc.assert(
    fc.property(fields, others, fc.nat(), (asked, noise, cut) => {
      const text = JSON.stringify({ ...noise, ...asked, x: noise });
      const request = readText(text);
      assert.equal(request.model, asked.model ?? null);
      assert.equal(request.maxOutputTokens, asked.max_tokens ?? null);
      assert.equal(request.choices, asked.n ?? 1);
      assert.equal(request.isStream, asked.stream ?? false);
      const partial = readText(bytesOf(text).subarray(0, cut % text.length));
      assert.ok([null, request.maxOutputTokens].includes(partial.maxOutputTokens));
      assert.ok([null, request.model].includes(partial.model));
    }),
  );
});

test("a megabyte takes milliseconds, whatever it is made of", () => {
  const size = 1 << 20;
  const worst = [
    "[",
    '{"a":',
    '"',
    "\\",
    '\\"',
    '"\\',
    "a",
    "1,",
    "[1],",
    '{"options":{"num_predict":1},',
    "\u00ff",
  ];
  for (const unit of worst) {
    for (const start of ["", "[", '["', '{"prompt":[', '{"options":{"num_predict":1},"a":"']) {
      const body = bytesOf(start + unit.repeat(size / unit.length));
      const before = process.cpuUsage();
      assertSane(readInferenceRequest(body, { path: chatPath, contentLength: null, isTruncated: false }));
      const { user } = process.cpuUsage(before);
      // Quadratic time would be minutes.
      assert.ok(user < 2_000_000, `${start}${unit}…: ${user} µs`);
    }
  }
});
