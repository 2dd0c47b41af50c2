import assert from "node:assert/strict";
import test from "node:test";
import { openAiChat } from "../../src/metering/formats/openai-chat.js";
import { ResponseDocuments } from "../../src/metering/response-documents.js";
import { UsageReport } from "../../src/metering/usage-report.js";
import { headOf, openAiUsage } from "./feeding.js";
import { chatChunk, event } from "./responses.js";

const FINAL = event(chatChunk("", { choices: [], usage: { prompt_tokens: 9, completion_tokens: 3 } }));
const DONE = "data: [DONE]\n\n";

function usageOf(usage: unknown): ReturnType<typeof openAiUsage> {
  return openAiUsage(JSON.stringify({ usage }));
}

test("counts come as floats, strings, negatives or not at all, and a missing total is the sum", () => {
  const used = usageOf({
    prompt_tokens: "30",
    completion_tokens: 4.0,
    prompt_tokens_details: null,
    completion_tokens_details: { reasoning_tokens: -1 },
  });
  assert.deepEqual(used, {
    input: 30,
    output: 4,
    total: 34,
    cachedInput: 0,
    cacheWriteInput: 0,
    reasoning: 0,
    model: null,
    complete: true,
  });
});

test("a provider's larger total is kept", () => {
  assert.equal(usageOf({ prompt_tokens: 5, completion_tokens: 6, total_tokens: 40 })?.total, 40);
  assert.equal(usageOf({ prompt_tokens: 5, completion_tokens: 6, total_tokens: 2 })?.total, 11);
});

test("reasoning that the total shows to be outside completion_tokens is counted in the output", () => {
  const counts = {
    prompt_tokens: 32,
    completion_tokens: 9,
    completion_tokens_details: { reasoning_tokens: 94 },
  };
  assert.equal(usageOf({ ...counts, total_tokens: 135 })?.output, 103);
  assert.equal(usageOf({ ...counts, completion_tokens: 103, total_tokens: 135 })?.output, 103);
});

test("the cache hits of DeepSeek count as cached input", () => {
  const used = usageOf({
    prompt_tokens: 20,
    completion_tokens: 1,
    prompt_cache_hit_tokens: 16,
    prompt_cache_miss_tokens: 4,
  });
  assert.equal(used?.input, 20);
  assert.equal(used?.cachedInput, 16);
});

test("usage that is null, empty, or no object is no usage", () => {
  for (const usage of [null, {}, [], "12", 12, { prompt_tokens: null }, { search_units: 1 }]) {
    assert.equal(usageOf(usage), null, JSON.stringify(usage));
  }
  assert.equal(openAiUsage('{"id":"c1"}'), null);
  assert.equal(openAiUsage(event(chatChunk("a")) + DONE), null);
  assert.equal(openAiUsage(""), null);
});

test("usage may stand where Groq or Moonshot put it", () => {
  const usage = { prompt_tokens: 9, completion_tokens: 3 };
  const last = { index: 0, delta: {}, finish_reason: "stop" };
  assert.equal(openAiUsage(event(chatChunk("", { choices: [last], x_groq: { usage } })) + DONE)?.total, 12);
  assert.equal(openAiUsage(event(chatChunk("", { choices: [{ ...last, usage }] })) + DONE)?.total, 12);
});

test("what was written to a cache is found by its older name, too", () => {
  const used = usageOf({ prompt_tokens: 20, prompt_tokens_details: { cache_creation_tokens: 5 } });
  assert.equal(used?.cacheWriteInput, 5);
});

test("a last usage of zeros does not undo a real one", () => {
  const zeros = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  assert.equal(openAiUsage(FINAL + event(chatChunk("", { usage: zeros })) + DONE)?.total, 12);
  assert.equal(usageOf(zeros)?.total, 0);
});

test("a null usage after a real one does not undo it", () => {
  const used = openAiUsage(FINAL + event(chatChunk("", { usage: null })) + DONE);
  assert.equal(used?.total, 12);
});

test("the first model named is kept, and neither an empty nor an absurd name counts", () => {
  const named = (model: unknown) => event(chatChunk("", { model }));
  assert.equal(
    openAiUsage(named("") + named("x".repeat(257)) + named(4) + named("a") + named("b") + FINAL)?.model,
    "a",
  );
});

test("a stream is complete with an end marker, or when it ends behind the final usage", () => {
  assert.equal(openAiUsage(FINAL + DONE)?.complete, true);
  assert.equal(openAiUsage(FINAL)?.complete, true);
  assert.equal(openAiUsage(FINAL.trimEnd())?.complete, true);
  assert.equal(openAiUsage(FINAL + DONE.trimEnd())?.complete, true);
});

test("a stream cut within an event is not complete", () => {
  assert.equal(openAiUsage(`${FINAL}data: [DO`)?.complete, false);
  assert.equal(openAiUsage(`${FINAL}data: {"id":`)?.complete, false);
  assert.equal(openAiUsage(`${FINAL}da`)?.complete, false);
});

test("a stream with usage in every event is complete only once its choice has finished", () => {
  const usage = { prompt_tokens: 9, completion_tokens: 1 };
  const running = event(chatChunk("a", { usage }));
  const stopped = (index: number) =>
    event(chatChunk("", { choices: [{ index, finish_reason: "stop" }], usage }));
  assert.equal(openAiUsage(running)?.complete, false);
  assert.equal(openAiUsage(running + stopped(0))?.complete, true);
  assert.equal(openAiUsage(running + stopped(1) + stopped(0))?.complete, false);
  assert.equal(openAiUsage(running + stopped(1) + stopped(0) + DONE)?.complete, true);
});

test("a provider's error inside a response makes it incomplete and keeps what was used", () => {
  const failure = event({ error: { message: "overloaded", code: 529 } });
  for (const body of [FINAL + failure, failure + FINAL + DONE]) {
    const used = openAiUsage(body);
    assert.equal(used?.total, 12);
    assert.equal(used?.complete, false);
  }
  assert.equal(openAiUsage('{"usage":{"total_tokens":4},"error":{"message":"x"}}')?.complete, false);
  assert.equal(openAiUsage(failure), null);
});

test("an escaped name in an event is found all the same", () => {
  const named = event(chatChunk("a"));
  const escaped = FINAL.replaceAll("_tokens", "\\u005ftokens");
  assert.equal(openAiUsage(named + escaped + DONE)?.total, 12);
});

test("events that only carry text are not asked for once the model is known", () => {
  const formats = { formats: [openAiChat], presumed: null };
  const reader = new ResponseDocuments(formats, new UsageReport(), headOf());
  const delta = chatChunk('é "model" "error" "total_tokens":', { usage: null });
  assert.equal(reader.wants(JSON.stringify(delta)), true);
  reader.read(delta);
  assert.equal(reader.wants(JSON.stringify(delta)), false);
  assert.equal(reader.wants(JSON.stringify({ ...delta, usage: { total_tokens: 1 } })), true);
  assert.equal(reader.wants('{"error":"overloaded"}'), true);
});
