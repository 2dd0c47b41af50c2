import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { createMeter } from "../../src/metering/meter.js";
import { MAX_TOKENS, type Usage } from "../../src/metering/usage.js";
import { bytesOf, countNames, cuts, headOf, openAiUsage, pieces, singleBytes, usageOf } from "./feeding.js";
import { CHAT, CHAT_STREAM, EMBEDDINGS, event, RESPONSES } from "./responses.js";
import { samples } from "./samples.js";

for (const { name, contentType, body, used } of RESPONSES) {
  test(`${name} gives its usage in one piece, byte by byte, and in any chunks`, () => {
    assert.deepEqual(openAiUsage(body, contentType), used);
    assert.deepEqual(openAiUsage(singleBytes(body), contentType), used);
    fc.assert(
      fc.property(cuts, (shares) => assert.deepEqual(openAiUsage(pieces(body, shares), contentType), used)),
    );
  });

  test(`${name} cut anywhere never gives more than its usage, and is complete only with all of it`, () => {
    const bytes = bytesOf(body);
    for (let length = 0; length < bytes.length; length += 1) {
      const known = openAiUsage(bytes.subarray(0, length), contentType);
      if (known === null) continue;
      for (const count of countNames) {
        assert.ok(known[count] <= used[count], `${count} after ${length} bytes`);
      }
      if (known.complete) assert.deepEqual(known, used, `complete after ${length} bytes`);
    }
  });

  test(`${name} is read whatever its content type says`, () => {
    for (const lie of [
      undefined,
      "",
      "application/json",
      "text/event-stream",
      "text/html",
      "application/octet-stream",
    ]) {
      assert.deepEqual(openAiUsage(body, lie), used, lie);
    }
  });

  test(`${name} is read behind a byte order mark and space`, () => {
    const led = `\ufeff\r\n \n${body}`;
    assert.deepEqual(openAiUsage(led, contentType), used);
    assert.deepEqual(openAiUsage(singleBytes(led), contentType), used);
  });
}

test("a JSON body that has not closed is not complete", () => {
  const used = openAiUsage(`${CHAT.body.trimEnd().slice(0, -1)}`, CHAT.contentType);
  assert.deepEqual(used, { ...CHAT.used, complete: false });
});

test("line ends of a stream may be CR, LF or CRLF", () => {
  for (const lineEnd of ["\r", "\r\n"]) {
    const body = CHAT_STREAM.body.replaceAll("\n", lineEnd);
    assert.deepEqual(openAiUsage(body), CHAT_STREAM.used);
    assert.deepEqual(openAiUsage(singleBytes(body)), CHAT_STREAM.used);
  }
});

test("a media body is not read for events, but a JSON body labelled as one is", () => {
  assert.equal(openAiUsage(CHAT_STREAM.body, "audio/mpeg"), null);
  assert.deepEqual(openAiUsage(CHAT.body, "audio/mpeg"), CHAT.used);
});

test("text in place of the counts leaves no usage to be found", () => {
  const decoy = JSON.stringify('{"usage":{"prompt_tokens":1}}');
  const nested = '{"message":{"usage":{"prompt_tokens":1}}}';
  const bodies = [
    `{"choices":[${nested}],"content":${decoy},${decoy}:1}`,
    `data: {"choices":[${nested}],"content":${decoy}}\n\n`,
    'data: "usage":{"prompt_tokens":1}\n\n',
    `[[{"usage":{"prompt_tokens":1}}]]`,
  ];
  for (const body of bodies) assert.equal(openAiUsage(body), null, body);
});

const sources = [{ provider: "openai" }, { provider: "detected" }] as const;

/** Names and structure that mean something to one format or the other, and bytes that mean nothing. */
const word = fc.constantFrom(
  ...'data: |{|}|[|]|"|:|,|\\|\n|\r|1|-2e9|null|true|\\u00|[DONE]|\0|\ufeff'.split("|"),
  ..."usage model error type message response delta usageMetadata meta tokens bytes done object choices".split(
    " ",
  ),
  ..."message_start response.completed stream-end prompt_tokens input_tokens inputTokens eval_count".split(
    " ",
  ),
);
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.array(word).map((words) => bytesOf(words.join(""))),
  fc.jsonValue().map((value) => bytesOf(event(value))),
);

test("random bytes in any chunks never throw, and give the same in one piece", () => {
  fc.assert(
    fc.property(noise, cuts, fc.constantFrom(...sources), (bytes, shares, source) => {
      assert.deepEqual(usageOf(source, pieces(bytes, shares)), usageOf(source, bytes));
    }),
    { numRuns: 1500 },
  );
});

test("a response with pieces overwritten, repeated and left out never throws, and counts stay counts", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const edit = fc.record({ at: share, length: fc.nat({ max: 40 }), what: fc.nat({ max: 257 }) });
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.array(edit, { maxLength: 6 }),
      cuts,
      (sample, edits, shares) => {
        const { provider, head } = sample;
        let bytes = Buffer.from(sample.body);
        for (const { at, length, what } of edits) {
          const start = Math.floor(at * bytes.length);
          const [before, piece, after] = [
            bytes.subarray(0, start),
            bytes.subarray(start, start + length),
            bytes.subarray(start + length),
          ];
          const changed =
            what === 257 ? [] : what === 256 ? [piece, piece] : [Buffer.alloc(piece.length, what)];
          bytes = Buffer.concat([before, ...changed, after]);
        }
        for (const source of [{ provider }, { provider: "detected" }] as const) {
          const used = usageOf(source, bytes, head);
          assert.deepEqual(usageOf(source, pieces(bytes, shares), head), used);
          for (const count of countNames) {
            const value = used?.[count] ?? 0;
            assert.ok(Number.isInteger(value) && value >= 0 && value <= MAX_TOKENS, `${count}: ${value}`);
          }
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test("the end may be asked for twice, and bytes behind it change nothing", () => {
  const meter = createMeter({ provider: "openai" }, headOf());
  meter.push(bytesOf(EMBEDDINGS.body));
  const first: Usage | null = meter.end("complete");
  meter.push(bytesOf(EMBEDDINGS.body));
  assert.deepEqual(first, EMBEDDINGS.used);
  assert.deepEqual(meter.end("cut"), first);
});

test("a body that was given up is not complete, though it stopped where a document did", () => {
  const meter = createMeter({ provider: "openai" }, headOf());
  meter.push(bytesOf(EMBEDDINGS.body));
  assert.deepEqual(meter.end("cut"), { ...EMBEDDINGS.used, complete: false });
});

test("an event with megabytes of data beside its usage is read", () => {
  const image = `"${'aGVsbG8\\"'.repeat(400_000)}"`;
  const usage = '"usage":{"prompt_tokens":9,"completion_tokens":3}';
  for (const data of [`{"image":${image},${usage}}`, `{${usage},"image":${image}}`]) {
    const stream = `data: {"choices":[]}\n\ndata: ${data}\n\ndata: [DONE]\n\n`;
    assert.deepEqual(openAiUsage(pieces(stream, [0.1, 0.3, 0.7])), {
      ...EMBEDDINGS.used,
      input: 9,
      output: 3,
      total: 12,
      model: null,
    });
    assert.equal(openAiUsage(`data: ${data.slice(0, -1)}`)?.complete ?? false, false);
  }
});
