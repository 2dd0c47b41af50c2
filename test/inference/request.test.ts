import assert from "node:assert/strict";
import test from "node:test";
import { chatPath, read, readText } from "./reading.js";

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
    isWhole: true,
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

test("of several caps the largest counts, since a server may know only one of them", () => {
  assert.equal(read({ max_completion_tokens: 5, max_tokens: 9 }).maxOutputTokens, 9);
  assert.equal(read({ max_tokens: 5, max_completion_tokens: 9 }).maxOutputTokens, 9);
  assert.equal(read({ max_tokens: 9, max_completion_tokens: null }).maxOutputTokens, 9);
  assert.equal(read({ max_gen_len: 5, max_tokens: 9 }, "/model/a/invoke").maxOutputTokens, 9);
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
  for (const on of ["true", "True", "1", "on", "yes", "t", "Y", 1]) {
    assert.equal(read({ stream: on }).isStream, true, "servers in Python take it for true");
  }
  for (const off of [false, null, "false", "", 0, 2, {}]) assert.equal(read({ stream: off }).isStream, false);
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
