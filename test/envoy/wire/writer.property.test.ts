import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WireReader } from "../../../src/envoy/wire/reader.js";
import { WireWriter } from "../../../src/envoy/wire/writer.js";
import { googleWriter } from "./google-writer.js";

/** A field to write, and what is expected when it is read. */
interface Written {
  readonly field: number;
  readonly value: unknown;
  write(writer: WireWriter): void;
  read(reader: WireReader): unknown;
}

/** Those of one, two and five bytes, and all between. */
const fieldNumbers = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2 ** 29 - 1 }));

function written<T>(
  values: fc.Arbitrary<T>,
  write: (writer: WireWriter, field: number, value: T) => void,
  read: (reader: WireReader) => unknown,
): fc.Arbitrary<Written> {
  return fc.tuple(fieldNumbers, values).map(([field, value]) => ({
    field,
    value,
    write: (writer) => write(writer, field, value),
    read,
  }));
}

/** Numbers of all lengths in bytes. The greatest that fits is the last double below the power of two. */
function integers(min: bigint, max: bigint): fc.Arbitrary<number> {
  const fits = (value: number) => BigInt(value) >= min && BigInt(value) <= max;
  return fc.bigInt({ min, max }).map(Number).filter(fits);
}

const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.tuple(fc.constantFrom("a", "é", "€", "🌊"), fc.nat({ max: 20_000 })).map(([char, n]) => char.repeat(n)),
);
const signed64 = integers(-(2n ** 63n), 2n ** 63n - 1n);
const unsigned64 = integers(0n, 2n ** 64n - 1n);
const int32 = fc.integer();

const { fields } = fc.letrec<{ field: Written; fields: Written[] }>((tie) => ({
  fields: fc.array(tie("field"), { maxLength: 6 }),
  field: fc.oneof(
    { depthSize: "small" },
    written(
      texts,
      (w, field, v) => w.writeText(field, v),
      (r) => r.text(),
    ),
    written(
      fc.uint8Array({ maxLength: 300 }),
      (w, field, v) => w.writeUint8Array(field, v),
      (r) => new Uint8Array(r.view()),
    ),
    written(
      fc.boolean(),
      (w, field, v) => w.writeBool(field, v),
      (r) => r.readBool(),
    ),
    written(
      int32,
      (w, field, v) => w.writeInt32(field, v),
      (r) => r.readInt32(),
    ),
    written(
      int32,
      (w, field, v) => w.writeEnum(field, v),
      (r) => r.readEnum(),
    ),
    written(
      fc.nat({ max: 2 ** 32 - 1 }),
      (w, field, v) => w.writeUint32(field, v),
      (r) => r.readUint32(),
    ),
    written(
      signed64,
      (w, field, v) => w.writeInt64(field, v),
      (r) => Number(r.readInt64()),
    ),
    written(
      unsigned64,
      (w, field, v) => w.writeUint64(field, v),
      (r) => Number(r.readUint64()),
    ),
    written(
      fc.double(),
      (w, field, v) => w.writeDouble(field, v),
      (r) => r.readDouble(),
    ),
    fc.tuple(fieldNumbers, tie("fields")).map(
      ([field, content]): Written => ({
        field,
        value: content.map(({ value }) => value),
        write: (writer) => writer.writeMessage(field, content, writeAll),
        read: (reader) => reader.readMessage([], (values: unknown[]) => readAll(content, reader, values)),
      }),
    ),
  ),
}));

test("weir writes byte for byte what google-protobuf's writer does, which its reader reads", () => {
  fc.assert(
    fc.property(fields, (fields) => {
      const bytes = encode(fields, new WireWriter());
      assert.deepEqual(bytes, encode(fields, googleWriter()));
      const values: unknown[] = [];
      readAll(fields, new WireReader(bytes), values);
      assert.deepEqual(
        values,
        fields.map(({ value }) => value),
      );
    }),
    { numRuns: 1000 },
  );
});

test("what was written before, or was not finished, changes no byte of a message", () => {
  const expected = (fields: readonly Written[]) => encode(fields, googleWriter());
  fc.assert(
    fc.property(fields, fields, fields, (first, failed, second) => {
      const bytes = encode(first, new WireWriter());
      assert.throws(() => encode([...failed, failing], new WireWriter()), RangeError);
      assert.deepEqual(encode(second, new WireWriter()), expected(second));
      assert.deepEqual(bytes, expected(first));
    }),
  );
});

test("messages that are written at the same time are kept apart", () => {
  fc.assert(
    fc.property(fields, fields, (outer, inner) => {
      const bytes: Buffer[] = [];
      const within: Written = { ...failing, write: () => bytes.push(encode(inner, new WireWriter())) };
      assert.deepEqual(
        encode([...outer, within, ...outer], new WireWriter()),
        encode([...outer, ...outer], googleWriter()),
      );
      assert.deepEqual(bytes, [encode(inner, googleWriter())]);
    }),
  );
});

/** A message within the message whose second field cannot be written. */
const failing: Written = {
  field: 1,
  value: undefined,
  write: (writer) =>
    writer.writeMessage(1, "text", (text, inner) => {
      inner.writeText(1, text);
      inner.writeInt32(2, 2 ** 31);
    }),
  read: () => undefined,
};

function encode(fields: readonly Written[], writer: WireWriter): Buffer {
  writeAll(fields, writer);
  return writer.finish();
}

function writeAll(fields: readonly Written[], writer: WireWriter): void {
  for (const { write } of fields) write(writer);
}

function readAll(fields: readonly Written[], reader: WireReader, values: unknown[]): void {
  for (const { field, read } of fields) {
    assert.ok(reader.nextField());
    assert.equal(reader.getFieldNumber(), field);
    values.push(read(reader));
  }
  assert.equal(reader.nextField(), false);
}
