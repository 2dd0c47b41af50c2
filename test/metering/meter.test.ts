import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { createMeter } from "../../src/metering/meter.js";
import type { Usage } from "../../src/metering/usage.js";
import { bytesOf, cuts, openAiUsage, pieces, singleBytes } from "./feeding.js";
import { CHAT, CHAT_STREAM, EMBEDDINGS, RESPONSES } from "./responses.js";

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
      for (const count of [
        "input",
        "output",
        "total",
        "cachedInput",
        "cacheWriteInput",
        "reasoning",
      ] as const) {
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
    `[{"usage":{"prompt_tokens":1}}]`,
  ];
  for (const body of bodies) assert.equal(openAiUsage(body), null, body);
});

test("random bytes in any chunks never throw, and give the same in one piece", () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc
      .array(
        fc.constantFrom(
          "data: ",
          "{",
          "}",
          '"usage"',
          '"',
          ":",
          "\\",
          ",",
          "[",
          "]",
          "\n",
          "\r",
          "1",
          "\\u00",
          "[DONE]",
        ),
      )
      .map((words) => bytesOf(words.join(""))),
  );
  fc.assert(
    fc.property(noise, cuts, (bytes, shares) => {
      assert.deepEqual(openAiUsage(pieces(bytes, shares)), openAiUsage(bytes));
    }),
    { numRuns: 1000 },
  );
});

test("a response with a few bytes overwritten never throws", () => {
  const edits = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 })), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.constantFrom(...RESPONSES), edits, cuts, ({ body }, places, shares) => {
      const bytes = bytesOf(body).slice();
      for (const [share, byte] of places) bytes[Math.floor(share * (bytes.length - 1))] = byte;
      assert.deepEqual(openAiUsage(pieces(bytes, shares)), openAiUsage(bytes));
    }),
    { numRuns: 500 },
  );
});

test("the end may be asked for twice, and bytes behind it change nothing", () => {
  const meter = createMeter({ provider: "openai", contentType: undefined });
  meter.push(bytesOf(EMBEDDINGS.body));
  const first: Usage | null = meter.end();
  meter.push(bytesOf(EMBEDDINGS.body));
  assert.deepEqual(first, EMBEDDINGS.used);
  assert.deepEqual(meter.end(), first);
});
