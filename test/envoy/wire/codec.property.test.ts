import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StreamAccessLogsMessage } from "../../../src/envoy/wire/access-log.js";
import { CheckRequest, CheckResponse } from "../../../src/envoy/wire/authz.js";
import { type Infer, MalformedMessageError, message } from "../../../src/envoy/wire/codec.js";
import { ProcessingRequest } from "../../../src/envoy/wire/ext-proc-request.js";
import { ProcessingResponse } from "../../../src/envoy/wire/ext-proc-response.js";
import {
  bool,
  bytes,
  double,
  embedded,
  int32,
  int64,
  map,
  mapOf,
  member,
  repeated,
  string,
  uint32,
  uint64,
} from "../../../src/envoy/wire/fields.js";
import { type JsonObject, Struct } from "../../../src/envoy/wire/struct.js";
import { tables } from "./tables.js";
import { withoutPrototypes } from "./without-prototypes.js";

const Leaf = message("test.Leaf", { text: string(1), amount: double(2), either: member(bool(3)) });
const Sample = message("test.Sample", {
  text: string(1),
  raw: bytes(2),
  int: int32(3),
  big: int64(4),
  unsigned: uint32(5),
  wide: uint64(11),
  leaf: embedded(6, Leaf),
  leaves: repeated(embedded(7, Leaf)),
  names: map(8),
  places: mapOf(9, Leaf),
  json: embedded(10, Struct),
  words: repeated(string(200)),
});
/** Knows none of Sample's fields but one. */
const Older = message("test.Older", { big: int64(4) });

const text = fc.string({ unit: "binary", maxLength: 200 });
const plain = { noNullPrototype: true } as const;
const leaf = fc.record<Infer<typeof Leaf>>(
  { text, amount: fc.double(), either: fc.option(fc.boolean(), { nil: undefined }) },
  plain,
);
const json = fc
  .dictionary(text, fc.jsonValue({ maxDepth: 4 }))
  .map((value) => withoutPrototypes(value) as JsonObject);
const sample = fc.record<Infer<typeof Sample>>(
  {
    text,
    raw: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    int: fc.integer(),
    big: fc.maxSafeInteger(),
    unsigned: fc.nat({ max: 2 ** 32 - 1 }),
    wide: fc.maxSafeNat(),
    leaf: fc.option(leaf, { nil: undefined }),
    leaves: fc.array(leaf, { maxLength: 4 }),
    names: fc.array(fc.tuple(text, text)).map((entries) => new Map(entries)),
    places: fc.array(fc.tuple(text, leaf), { maxLength: 4 }).map((entries) => new Map(entries)),
    json: fc.option(json, { nil: undefined }),
    words: fc.array(text, { maxLength: 4 }),
  },
  plain,
);

/** The messages that come from outside. */
const received = [
  CheckRequest,
  ProcessingRequest,
  StreamAccessLogsMessage,
  CheckResponse,
  ProcessingResponse,
  Sample,
];

test("what is encoded decodes to the same", () => {
  fc.assert(
    fc.property(sample, (value) => assert.deepStrictEqual(Sample.decode(Sample.encode(value)), value)),
  );
});

test("fields that the reader does not know are skipped", () => {
  fc.assert(fc.property(sample, (value) => assert.equal(Older.decode(Sample.encode(value)).big, value.big)));
});

test("a message cut off anywhere is read in part or refused, and nothing else", () => {
  fc.assert(
    fc.property(sample, fc.double({ min: 0, max: 1, noNaN: true }), (value, share) => {
      const encoded = Sample.encode(value);
      decodeOrRefuse(Sample, encoded.subarray(0, Math.floor(encoded.length * share)));
    }),
  );
});

test("a message with a wrong byte is read or refused, and nothing else", () => {
  fc.assert(
    fc.property(sample, fc.nat(), fc.nat({ max: 255 }), (value, position, byte) => {
      const encoded = Sample.encode(value);
      encoded[position % (encoded.length || 1)] = byte;
      decodeOrRefuse(Sample, encoded);
    }),
  );
});

test("any bytes are read or refused by every message, and nothing else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      for (const table of [...received, ...tables]) decodeOrRefuse(table, bytes);
    }),
    { numRuns: 500 },
  );
});

function decodeOrRefuse(table: { decode(bytes: Uint8Array): unknown }, bytes: Uint8Array): void {
  try {
    table.decode(bytes);
  } catch (error) {
    assert.ok(error instanceof MalformedMessageError, String(error));
  }
}
