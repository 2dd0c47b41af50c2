import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createMeter } from "../../src/metering/meter.js";
import type { UsageSource } from "../../src/metering/providers.js";
import { MAX_TOKENS } from "../../src/metering/usage.js";
import { type Body, bytesOf, cuts, feed, headOf, pieces, singleBytes } from "./feeding.js";
import { EVENT, frame } from "./frames.js";
import { chatChunk, event } from "./responses.js";
import { samples } from "./samples.js";

const DETECTED: UsageSource = { provider: "detected" };

function delivered(body: Body, source = DETECTED, head = headOf()): number {
  const meter = createMeter(source, head);
  feed(meter, typeof body === "string" || body instanceof Uint8Array ? [bytesOf(body)] : body);
  return meter.delivered;
}

/** The text that passes in each sample. Most of them tell far more tokens than that can be. */
const texts: Readonly<Record<string, string>> = {
  "anthropic.json": "Hi!",
  "anthropic.stream.sse": "Hello 世界",
  "azure-openai.json": "Hello!",
  "azure-openai.stream.sse": "Hello!",
  "bedrock-converse.json": "Hi!",
  "bedrock-converse.stream.bin": "Hi 世界",
  "bedrock-invoke.json": "Hi!",
  "bedrock-invoke.stream.bin": "Hello 世界",
  "cohere-rerank.json": "",
  // The last line has the text again.
  "cohere-v1.stream.ndjson": "LLMsLLMs",
  "cohere.json": "LLMs are...",
  "cohere.stream.sse": "LLMs",
  "gemini.json": "Hello 世界",
  "gemini.stream.json": "Hello 世界",
  "gemini.stream.sse": "Hello 世界",
  "mistral.json": "Bonjour",
  "mistral.stream.sse": "Bonjour",
  "ollama.json": "The sky...",
  "ollama.stream.ndjson": "The sky",
  "openai-chat.json": 'Grüße, 世界! 🙂 "usage":{"prompt_tokens":9999}',
  "openai-chat.stream.sse": "Grüße, 世界! 🙂",
  "openai-embeddings.json": "",
  "openai-responses.json": "Hi there!",
  "openai-responses.stream.sse": "Hi there!",
  "vllm.json": "Hi",
  "vllm.stream.sse": "Hi you",
};

/** What a text counts for: a quarter of a token for an ASCII letter, half for other alphabets, three quarters for the rest. */
function tokensOf(text: string): number {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
  return units.reduce((sum, unit) => sum + (unit < 0x80 ? 1 : unit < 0x3000 ? 2 : 3), 0) / 4;
}

for (const { name, provider, head, body, used } of samples) {
  test(`${name} is estimated by its text alone, however it is fed`, () => {
    const tokens = Math.ceil(tokensOf(texts[name] ?? assert.fail(`${name} has a text that is not known`)));
    for (const source of [{ provider }, DETECTED] as const) {
      assert.equal(delivered(body, source, head), tokens);
      assert.equal(delivered(singleBytes(body), source, head), tokens);
    }
    assert.ok(tokens <= (used?.output ?? 0));
  });

  test(`${name} never counts for less as it goes on, wherever it is cut`, () => {
    const running = createMeter({ provider }, head);
    let [last, lastCut] = [0, 0];
    for (let length = 1; length <= body.length; length += 1) {
      running.push(body.slice(length - 1, length));
      const cut = delivered(body.subarray(0, length), { provider }, head);
      assert.ok(
        running.delivered >= last && cut >= lastCut && cut >= running.delivered,
        `at ${length} bytes`,
      );
      [last, lastCut] = [running.delivered, cut];
    }
  });
}

/** How each provider streams such pieces of text, with what changes from event to event and is no text. */
const shapes: Readonly<Record<string, (texts: readonly string[], padding: string) => string | Buffer>> = {
  "OpenAI's chunks": (texts, p) =>
    event(chatChunk("", { obfuscation: p })) +
    texts.map((text, i) => event(chatChunk(text, { usage: null, obfuscation: p.slice(i % 8) }))).join(""),
  "OpenAI's chunks with a call of a tool": (texts) =>
    texts
      .map((text) => ({ delta: { tool_calls: [{ index: 0, function: { arguments: text } }] } }))
      .map((choice) => event({ id: "c1", model: "m", choices: [choice] }))
      .join(""),
  "OpenAI's chunks with reasoning told under two names": (texts) =>
    texts
      .map((text) => ({ index: 0, delta: { content: "", reasoning: text, reasoning_content: text } }))
      .map((choice) => event({ choices: [choice] }))
      .join(""),
  "OpenAI's responses": (texts, p) =>
    [
      ...texts.map((delta, i) => ({ type: "response.output_text.delta", item_id: "m1", delta, i, p })),
      { type: "response.output_text.done", text: texts.join("") },
      { type: "response.content_part.done", part: { type: "output_text", text: texts.join("") } },
    ]
      .map((document, sequence_number) => event({ sequence_number, ...document }))
      .join(""),
  "Anthropic's events": (texts) =>
    event({ type: "message_start", message: { usage: { input_tokens: 9, output_tokens: 1 } } }) +
    event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }) +
    texts
      .map((text, i) => ({ type: "content_block_delta", index: i % 12, delta: { type: "text_delta", text } }))
      .map((document) => `${event(document)}${event({ type: "ping" })}: comment\n\n`)
      .join(""),
  "Gemini's events": (texts, thoughtSignature) =>
    texts
      .map((text) => ({ content: { parts: [{ text, thoughtSignature }], role: "model" }, index: 0 }))
      .map((candidate) => event({ candidates: [candidate], modelVersion: "gemini" }))
      .join(""),
  "Gemini's array": (texts, thoughtSignature) =>
    JSON.stringify(
      texts.map((text) => ({ candidates: [{ content: { parts: [{ thoughtSignature, text }] } }] })),
      null,
      2,
    ),
  "Ollama's lines": (texts, p) =>
    texts
      .map((content, i) => ({ created_at: `${i}${p}`, message: { role: "assistant", content }, done: false }))
      .map((document) => `${JSON.stringify({ model: "m", ...document })}\n`)
      .join(""),
  "Bedrock's Converse": (texts, padding) =>
    Buffer.concat(
      texts
        .map((text, i) => ({ contentBlockIndex: 0, delta: { text }, p: padding.slice(i % 8) }))
        .map((document) => frame(JSON.stringify(document), EVENT)),
    ),
  "Bedrock's InvokeModel": (texts, p) =>
    Buffer.concat(
      texts
        .map((text) => JSON.stringify({ type: "content_block_delta", delta: { type: "text_delta", text } }))
        .map((json) => frame(JSON.stringify({ bytes: Buffer.from(json).toString("base64"), p }), EVENT)),
    ),
  "Cohere's events": (texts) =>
    texts
      .map((text) => event({ type: "content-delta", index: 0, delta: { message: { content: { text } } } }))
      .join(""),
  "one document": (texts, p) =>
    JSON.stringify({
      id: p,
      choices: [{ index: 0, message: { role: "assistant", content: texts.join("") } }],
    }),
};

/** Words about as long as tokens are. */
const words = fc.array(
  fc
    .string({
      unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz,.?!\"\n\\'0123456789"),
      minLength: 2,
      maxLength: 6,
    })
    .map((word) => ` ${word}`),
  { minLength: 20, maxLength: 120 },
);
const foreign = fc.array(
  fc.string({ unit: fc.constantFrom(..."世界京都の🙂жüЖ"), minLength: 1, maxLength: 3 }),
  {
    minLength: 20,
    maxLength: 60,
  },
);
const padding = fc.string({ unit: fc.constantFrom(..."abcdefghijklmnop"), minLength: 8, maxLength: 400 });

for (const [name, write] of Object.entries(shapes)) {
  test(`${name} are estimated by their text, in any chunks, whatever is around it`, () => {
    fc.assert(
      fc.property(fc.oneof(words, foreign), padding, cuts, (texts, p, shares) => {
        const body = write(texts, p);
        const [estimate, tokens] = [delivered(body), tokensOf(texts.join(""))];
        assert.ok(estimate >= tokens / 2 && estimate <= tokens * 2, `${estimate} of ${tokens} tokens`);
        assert.equal(delivered(pieces(body, shares)), estimate);
      }),
    );
  });
}

describe("what was delivered", () => {
  test("is known while the body passes, and not changed by bytes behind the end", () => {
    const meter = createMeter({ provider: "openai" }, headOf());
    assert.equal(meter.delivered, 0);
    meter.push(bytesOf(event(chatChunk("eight ch"))));
    assert.equal(meter.delivered, 2);
    meter.push(bytesOf('data: {"choices":[{"delta":{"content":"four'));
    meter.end("cut");
    assert.equal(meter.delivered, 3);
    meter.push(bytesOf(event(chatChunk("eight ch")).repeat(9)));
    assert.equal(meter.delivered, 3);
    assert.equal(meter.hasFailed, false);
  });

  test("is at least a token for every second piece of text, however short", () => {
    assert.equal(delivered(event(chatChunk("a")).repeat(40)), 20);
    assert.equal(delivered(`${JSON.stringify({ message: { content: "a" }, done: false })}\n`.repeat(40)), 20);
  });

  test("is the same for text that is escaped, or nearly", () => {
    const plain = event(chatChunk("京都と世界"));
    const escaped = plain.replaceAll(/[^\0-\x7f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
    assert.deepEqual([delivered(plain), delivered(escaped)], [4, 3]);
    assert.deepEqual([delivered(plain.slice(6)), delivered(singleBytes(escaped.slice(6)))], [4, 3]);
  });

  test("is nothing where there is no text: embeddings, images, sounds, errors, and what only talks about text", () => {
    const long = "iVBORw0KGgoAAAAN".repeat(10_000);
    for (const document of [
      { object: "list", data: [{ object: "embedding", index: 0, embedding: [0.25, -1] }] },
      { object: "list", data: [{ embedding: long }] },
      { created: 1, data: [{ b64_json: long }] },
      { error: { message: "text", type: "content" } },
      { text: { type: "text" }, content: ["text", "content"], choices: [{ text: null, content: [] }] },
    ]) {
      assert.equal(delivered(JSON.stringify(document)), 0);
      assert.equal(delivered(JSON.stringify(document, null, 1)), 0);
      assert.equal(delivered(event(document)), 0);
    }
    assert.equal(delivered(long, DETECTED, headOf({ "content-type": "audio/mpeg" })), 0);
  });

  test("is counted in an event of any length", () => {
    const body = event(chatChunk("four".repeat(50_000)));
    assert.equal(delivered(body), 50_000);
    const cut = body.slice(0, body.indexOf("four") + 4 * 40_000);
    assert.equal(delivered(pieces(cut, [0.2, 0.9])), 40_000);
  });

  test("is a count for any bytes, and the same in any chunks", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const edit = fc.record({ at: share, bytes: fc.uint8Array({ maxLength: 6 }) });
    const place = '"text":"|"content" : "|"delta":"|\\|\\u00|"|{|[|:|,|}|]|x|é|data: |\n\n'.split("|");
    const noise = fc.array(fc.constantFrom(...place)).map((parts) => bytesOf(parts.join("")));
    const damaged = fc.tuple(fc.constantFrom(...samples), fc.array(edit)).map(([{ body }, edits]) => {
      const bytes = bytesOf(body);
      for (const { at, bytes: replacement } of edits) {
        bytes.set(replacement, Math.floor(at * (bytes.length - replacement.length)));
      }
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(noise, damaged), cuts, (bytes, shares) => {
        const count = delivered(bytes);
        assert.ok(Number.isInteger(count) && count >= 0 && count <= MAX_TOKENS);
        assert.equal(delivered(pieces(bytes, shares)), count);
        assert.equal(delivered(singleBytes(bytes)), count);
      }),
      { numRuns: 1500 },
    );
  });
});
