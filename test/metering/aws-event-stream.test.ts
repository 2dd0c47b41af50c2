import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { AwsEventStreamParser } from "../../src/metering/aws-event-stream.js";
import { crc32 } from "../../src/metering/crc32.js";
import { bytesOf, cuts, pieces, singleBytes } from "./feeding.js";
import { EVENT, EXCEPTION, frame } from "./frames.js";

interface Parsed {
  messages: { payload: string; headers: Record<string, string> }[];
  damaged: number;
  isBetween: boolean;
}

function parse(chunks: Iterable<Uint8Array>): Parsed {
  const parsed: Parsed = { messages: [], damaged: 0, isBetween: false };
  let payload: Buffer[] = [];
  const take = () => {
    const text = Buffer.concat(payload).toString("utf8");
    payload = [];
    return text;
  };
  const parser = new AwsEventStreamParser({
    payload: (bytes) => payload.push(Buffer.from(bytes)),
    message: (headers) => parsed.messages.push({ payload: take(), headers: Object.fromEntries(headers) }),
    damaged: () => {
      take();
      parsed.damaged += 1;
    },
  });
  for (const chunk of chunks) parser.push(chunk);
  parsed.isBetween = parser.isBetweenMessages;
  return parsed;
}

test("a checksum is the one that gzip writes, however the bytes are split", () => {
  assert.equal(crc32(bytesOf("123456789")), 0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array(), cuts, (bytes, shares) => {
      const expected = gzipSync(bytes).readUInt32LE(gzipSync(bytes).length - 8);
      assert.equal(crc32(bytes), expected);
      assert.equal(
        pieces(bytes, shares).reduce((crc, piece) => crc32(piece, crc), 0),
        expected,
      );
    }),
  );
});

test("the messages that Bedrock sends are read with their headers, in any chunks", () => {
  const body = new Uint8Array(readFileSync("test/metering/samples/bedrock-converse.stream.bin"));
  const whole = parse([body]);
  assert.deepEqual(whole.messages.at(-1)?.headers, { ...EVENT, ":event-type": "metadata" });
  assert.match(whole.messages.at(-1)?.payload ?? "", /"usage":\{/);
  assert.deepEqual([whole.damaged, whole.isBetween], [0, true]);
  assert.deepEqual(parse(singleBytes(body)), whole);
});

test("messages of any content in any chunks come out as they went in", () => {
  const parts = { payload: fc.string({ unit: "grapheme" }), headers: fc.constantFrom(EVENT, EXCEPTION, {}) };
  const message = fc.record(parts, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), cuts, (messages, shares) => {
      const body = Buffer.concat(messages.map(({ payload, headers }) => frame(payload, headers)));
      assert.deepEqual(parse(pieces(body, shares)), { messages, damaged: 0, isBetween: true });
    }),
    { numRuns: 200 },
  );
});

test("headers of every type are passed over, and those of text read", () => {
  const values: [type: number, value: number[]][] = [
    [0, []],
    [1, []],
    [2, [1]],
    [3, [1, 2]],
    [4, [1, 2, 3, 4]],
    [5, [1, 2, 3, 4, 5, 6, 7, 8]],
    [6, [0, 3, 1, 2, 3]],
    [7, [0, 2, 0x68, 0x69]],
    [8, [1, 2, 3, 4, 5, 6, 7, 8]],
    [9, Array.from({ length: 16 }, (_, i) => i)],
    [7, [0, 1, 0x21]],
  ];
  const headers = values.flatMap(([type, value], i) => [1, 0x61 + i, type, ...value]);
  const prelude = [0, 0, 0, 16 + headers.length, 0, 0, 0, headers.length];
  const sum = (bytes: number[]) =>
    [24, 16, 8, 0].map((shift) => (crc32(Uint8Array.from(bytes)) >>> shift) & 0xff);
  const start = [...prelude, ...sum(prelude), ...headers];
  const body = Uint8Array.from([...start, ...sum(start)]);
  assert.deepEqual(parse([body]).messages, [{ payload: "", headers: { h: "hi", k: "!" } }]);
});

test("a message with a wrong checksum is damaged, and those behind it are read", () => {
  const [first, second] = [frame("one"), frame("two")];
  first[first.length - 6] = 0;
  const { messages, damaged } = parse([Buffer.concat([first, second])]);
  assert.deepEqual([messages.map(({ payload }) => payload), damaged], [["two"], 1]);
});

test("nothing is read behind a prelude that cannot be true", () => {
  const wrongSum = frame("one");
  wrongSum[3] = (wrongSum[3] ?? 0) ^ 1;
  const tooShort = Buffer.from([0, 0, 0, 8, 0, 0, 0, 0]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(tooShort));
  for (const bad of [wrongSum, Buffer.concat([tooShort, sum])]) {
    assert.deepEqual(parse([Buffer.concat([bad, frame("two")])]), {
      messages: [],
      damaged: 0,
      isBetween: false,
    });
  }
});

test("a stream that is cut is not between two messages", () => {
  const body = frame("one");
  for (let length = 1; length < body.length; length += 1) {
    assert.deepEqual(parse([body.subarray(0, length)]), { messages: [], damaged: 0, isBetween: false });
  }
});
