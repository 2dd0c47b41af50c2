import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { WireWriter } from "../../../src/envoy/wire/writer.js";
import { All } from "./every-field.js";
import { googleWriter } from "./google-writer.js";

function written(write: (writer: WireWriter) => void, writer = new WireWriter()): Buffer {
  write(writer);
  return writer.finish();
}

/** Lengths around those where the length itself, or the writer's buffer, gets too small. */
const lengths = [0, 1, 127, 128, 16_383, 16_384, 65_530, 65_536, 65_540, 131_072, 2_097_151, 2_097_152];
for (const length of lengths) {
  test(`${length} bytes are written as google-protobuf writes them, in every kind of field`, () => {
    const fields: Record<string, (writer: WireWriter) => void> = {
      bytes: (writer) => writer.writeUint8Array(1, Buffer.alloc(length, 7)),
      text: (writer) => writer.writeText(1, "x".repeat(length)),
      "text that is not ASCII": (writer) => writer.writeText(1, "é".repeat(length / 2)),
      message: (writer) =>
        writer.writeMessage(1, 2, (field, inner) => inner.writeText(field, "x".repeat(length))),
    };
    for (const [name, field] of Object.entries(fields)) {
      const around = (writer: WireWriter) => {
        writer.writeText(15, "before");
        writer.writeMessage(16, field, (content, inner) => content(inner));
        writer.writeText(17, "after");
      };
      assert.ok(written(around).equals(written(around, googleWriter())), name);
    }
  });
}

describe("where the buffer ends", () => {
  const fields: Record<string, (writer: WireWriter) => void> = {
    "a short text": (writer) => writer.writeText(1, "é"),
    "an empty text": (writer) => writer.writeText(1, ""),
    "a few bytes": (writer) => writer.writeUint8Array(1, Buffer.from("abc")),
    "a boolean": (writer) => writer.writeBool(1, true),
    "a long number": (writer) => writer.writeInt64(1, -1),
    "a double": (writer) => writer.writeDouble(2 ** 29 - 1, 0.1),
    "an empty message": (writer) => writer.writeMessage(1, 0, () => {}),
    "a message with two bytes for its length": (writer) =>
      writer.writeMessage(1, "x".repeat(130), (text, inner) => inner.writeText(1, text)),
  };
  for (const [name, field] of Object.entries(fields)) {
    test(`${name} is written whole`, () => {
      for (let before = 65_536 - 160; before <= 65_536; before++) {
        const both = (writer: WireWriter) => {
          writer.writeUint8Array(1, Buffer.alloc(before));
          field(writer);
        };
        assert.ok(written(both).equals(written(both, googleWriter())), `behind ${before} bytes`);
      }
    });
  }
});

test("a surrogate without its partner becomes U+FFFD, wherever it stands", () => {
  const long = "x".repeat(300);
  const texts = {
    "\ud83c": "\u{fffd}",
    "a\udf0ab": "a\u{fffd}b",
    "\udf0a\ud83c": "\u{fffd}\u{fffd}",
    [`${long}\ud83c`]: `${long}\u{fffd}`,
  };
  for (const [text, expected] of Object.entries(texts)) {
    assert.equal(All.decode(written((writer) => writer.writeText(1, text))).text, expected);
  }
});

describe("a number that does not fit", () => {
  const methods = {
    writeInt32: [2 ** 31, -(2 ** 31) - 1],
    writeEnum: [2 ** 31, -(2 ** 31) - 1],
    writeUint32: [-1, 2 ** 32],
    writeInt64: [2 ** 63, -(2 ** 63) - 2048],
    writeUint64: [-1, 2 ** 64],
  } as const;
  for (const [method, values] of Object.entries(methods)) {
    test(`is refused by ${method}`, () => {
      for (const value of [...values, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const write = () => written((writer) => writer[method as keyof typeof methods](3, value));
        assert.throws(write, { name: "RangeError", message: `field 3 cannot hold ${value}` });
      }
    });
  }

  test("leaves the next message as it is", () => {
    assert.throws(() => All.encode({ text: "lost", points: [{ tags: ["lost"], x: 2 ** 40 }] }), RangeError);
    assert.equal(All.encode({ text: "kept" }).toString("latin1"), "\n\x04kept");
  });
});

test("a message can be kept while others are written", () => {
  const kept = All.encode({ text: "kept" });
  for (let i = 0; i < 100; i++) All.encode({ text: "x".repeat(i * 1000) });
  assert.equal(All.decode(kept).text, "kept");
});

test("a message can be written while another one is", () => {
  let inner: Buffer | undefined;
  const tags = {
    *[Symbol.iterator]() {
      yield "first";
      inner = All.encode({ text: "inner" });
      yield "second";
    },
  } as unknown as string[];
  const outer = All.encode({ text: "outer", point: { tags } });
  assert.equal(All.decode(inner ?? Buffer.alloc(0)).text, "inner");
  const { text, point } = All.decode(outer);
  assert.deepEqual({ text, tags: point?.tags }, { text: "outer", tags: ["first", "second"] });
});

test("the memory of a huge message is given back", async () => {
  const collectGarbage = exposedGc();
  const held = () => {
    collectGarbage();
    return process.memoryUsage().arrayBuffers;
  };
  const most = held() + 1024 * 1024;
  encodeLengths([10, 32 * 1024 * 1024, 10]);
  // What the engine's own frames and threads still hold, it lets go of within a few turns.
  for (let turns = 0; turns < 100 && held() > most; turns++) await setTimeout(10);
  assert.ok(held() <= most, `${held() - most} bytes too many`);
});

function encodeLengths(lengths: readonly number[]): void {
  for (const length of lengths) assert.ok(All.encode({ text: "x".repeat(length) }).length > length);
}

function exposedGc(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
