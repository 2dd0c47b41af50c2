import assert from "node:assert/strict";
import { test } from "node:test";
import { message } from "../../../src/envoy/wire/codec.js";
import { int32, repeated, string } from "../../../src/envoy/wire/fields.js";
import { All, hex, Tree } from "./every-field.js";

test("an empty message decodes to proto3's defaults", () => {
  assert.deepEqual(All.decode(Buffer.alloc(0)), {
    text: "",
    raw: Buffer.alloc(0),
    flag: false,
    int: 0,
    big: 0,
    unsigned: 0,
    real: 0,
    choice: 0,
    point: undefined,
    points: [],
    names: new Map(),
    places: new Map(),
    either: undefined,
    wide: 0,
  });
});

test("two decoded messages share no list and no map", () => {
  const first = All.decode(Buffer.alloc(0));
  first.points.push({ x: 1, y: 2, tags: [] });
  first.names.set("a", "b");
  assert.equal(All.decode(Buffer.alloc(0)).points.length, 0);
  assert.equal(All.decode(Buffer.alloc(0)).names.size, 0);
});

test("defaults are not written, and -0 is none", () => {
  assert.equal(All.encode(All.decode(Buffer.alloc(0))).length, 0);
  const negative = All.encode({ real: -0 });
  assert.equal(negative.toString("hex"), "390000000000000080");
  assert.ok(Object.is(All.decode(negative).real, -0));
});

test("a member of a oneof is written even when empty, and undefined when absent", () => {
  const bytes = All.encode({ either: "" });
  assert.equal(bytes.toString("hex"), "6a00");
  assert.equal(All.decode(bytes).either, "");
});

test("an empty embedded message is not the same as none", () => {
  assert.equal(All.encode({ point: {} }).toString("hex"), "4a00");
  assert.deepEqual(All.decode(hex("4a00")).point, { x: 0, y: 0, tags: [] });
});

test("an embedded message that comes in parts is merged", () => {
  const parts = Buffer.concat([
    All.encode({ point: { x: 1, y: 1, tags: ["a"] } }),
    All.encode({ point: { x: 2, tags: ["b"] } }),
  ]);
  assert.deepEqual(All.decode(parts).point, { x: 2, y: 1, tags: ["a", "b"] });
});

test("of a scalar that comes twice the last one counts", () => {
  assert.equal(All.decode(hex("2001 2002")).int, 2);
});

test("numbers keep sign and size", () => {
  const value = { int: -(2 ** 31), big: -(2 ** 53) + 1, unsigned: 2 ** 32 - 1, real: 1e-300 };
  const { int, big, unsigned, real } = All.decode(All.encode(value));
  assert.deepEqual({ int, big, unsigned, real }, value);
  const wide = 2 ** 53 - 1;
  assert.equal(All.decode(All.encode({ wide })).wide, wide);
});

test("a number of 64 bits beyond 2^53 is rounded, and still a number", () => {
  assert.equal(All.decode(hex("70 ffffffffffffffffff01")).wide, 2 ** 64);
  assert.equal(All.decode(hex("70 8080808080808010")).wide, 2 ** 53);
  assert.equal(All.decode(hex("28 ffffffffffffffff7f")).big, 2 ** 63);
  assert.equal(All.decode(hex("28 80808080808080808001")).big, -(2 ** 63));
});

test("a number that does not fit its field cannot be encoded", () => {
  assert.throws(() => All.encode({ int: 2 ** 31 }), Error);
  assert.throws(() => All.encode({ unsigned: -1 }), Error);
  assert.throws(() => All.encode({ wide: -1 }), Error);
});

test("an enum value that is not in the table is kept", () => {
  assert.equal(All.decode(All.encode({ choice: 77 })).choice, 77);
});

test("map entries are read whatever their form", () => {
  const entries = {
    "key and value": "5a06 0a0161 120162",
    "value first": "5a06 120162 0a0161",
    "no key": "5a03 120162",
    "no value": "5a03 0a0161",
    empty: "5a00",
    "unknown field": "5a08 0a0161 120162 1801",
    "key twice": "5a09 0a0163 0a0161 120162",
  };
  const read = Object.entries(entries).map(([name, entry]) => [name, [...All.decode(hex(entry)).names][0]]);
  assert.deepEqual(Object.fromEntries(read), {
    "key and value": ["a", "b"],
    "value first": ["a", "b"],
    "no key": ["", "b"],
    "no value": ["a", ""],
    empty: ["", ""],
    "unknown field": ["a", "b"],
    "key twice": ["a", "b"],
  });
});

test("map keys and values are read at every length around one and two length bytes", () => {
  for (const length of [0, 1, 61, 62, 122, 123, 124, 127, 128, 129, 16_383, 16_384]) {
    const names = new Map([
      ["k".repeat(length), "v"],
      [`key ${length}`, "é".repeat(length)],
    ]);
    assert.deepEqual(All.decode(All.encode({ names })).names, names);
  }
});

test("of a map key that comes twice the last value counts", () => {
  assert.deepEqual(All.decode(hex("5a06 0a0161 120162 5a06 0a0161 120163")).names, new Map([["a", "c"]]));
});

test("a map entry without its message has an empty one", () => {
  assert.deepEqual(All.decode(hex("6203 0a0161")).places.get("a"), { x: 0, y: 0, tags: [] });
});

test("unknown fields of every kind are skipped", () => {
  const unknown = hex("a00101 a9010000000000000000 b20103616263 bd0100000000 faffffff0f00");
  const bytes = Buffer.concat([unknown, All.encode({ text: "kept" }), unknown]);
  assert.equal(All.decode(bytes).text, "kept");
});

test("bytes that are not UTF-8 do not fail a string", () => {
  assert.equal(All.decode(hex("0a03 61ff62")).text, "a\u{fffd}b");
  assert.deepEqual([...All.decode(hex("5a06 0a0161 1201ff")).names], [["a", "\u{fffd}"]]);
});

test("a byte order mark at the start of a string is kept", () => {
  assert.equal(All.decode(All.encode({ text: "\u{feff}a" })).text, "\u{feff}a");
});

test("a Uint8Array in the middle of a larger buffer is read in its own bounds", () => {
  const encoded = All.encode({ text: "inner", raw: Buffer.from([1, 2]) });
  const around = new Uint8Array(encoded.length + 20).fill(0xff);
  around.set(encoded, 7);
  const { text, raw } = All.decode(around.subarray(7, 7 + encoded.length));
  assert.deepEqual({ text, raw }, { text: "inner", raw: Buffer.from([1, 2]) });
});

test("a message can contain itself", () => {
  const tree = { label: "a", children: [{ label: "b", children: [{ label: "c", children: [] }] }] };
  assert.deepEqual(Tree.decode(Tree.encode(tree)), tree);
});

test("a table with a field number twice is refused", () => {
  assert.throws(() => message("test.Twice", { a: string(1), b: string(1) }), /two fields have number 1/);
});

test("a list of numbers, which would be packed, is refused", () => {
  assert.throws(() => repeated(int32(1)), /packed/);
});

test("what a table says is open to inspection", () => {
  assert.deepEqual(
    Tree.fields.map(({ name, number, type, label, of }) => ({ name, number, type, label, of })),
    [
      { name: "label", number: 1, type: "string", label: "implicit", of: undefined },
      { name: "children", number: 2, type: "message", label: "repeated", of: "test.Tree" },
    ],
  );
});
