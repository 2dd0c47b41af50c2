import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedMessageError } from "../../../src/envoy/wire/codec.js";
import { type JsonObject, type JsonValue, Struct } from "../../../src/envoy/wire/struct.js";
import { withoutPrototypes } from "./without-prototypes.js";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("a Struct is a plain JSON object", () => {
  const value = {
    none: null,
    yes: true,
    no: false,
    zero: 0,
    real: -1.5,
    text: "grün 🌊",
    empty: "",
    list: [1, "two", null, [], {}, [{ deep: [false] }]],
    object: { inner: { most: "x" } },
  };
  assert.deepStrictEqual(Struct.decode(Struct.encode(value)), withoutPrototypes(value));
});

test("a key named __proto__ is a key, and changes no prototype", () => {
  const encoded = Struct.encode(JSON.parse('{"__proto__": {"polluted": true}, "a": {"__proto__": 1}}'));
  const decoded = Struct.decode(encoded);
  assert.deepEqual(Object.keys(decoded), ["__proto__", "a"]);
  assert.equal(Object.getPrototypeOf(decoded), null);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

test("a value without a kind is null", () => {
  assert.deepEqual({ ...Struct.decode(hex("0a05 0a0161 1200")) }, { a: null });
});

test("an entry without a value is null", () => {
  assert.deepEqual({ ...Struct.decode(hex("0a03 0a0161")) }, { a: null });
});

test("of a key that comes twice the last value counts", () => {
  const twice = Buffer.concat([Struct.encode({ a: 1 }), Struct.encode({ a: "x" })]);
  assert.deepEqual({ ...Struct.decode(twice) }, { a: "x" });
});

const malformed = {
  "an entry that is a number": "0801",
  "a key that is a number": "0a02 0801",
  "a value that is a number": "0a02 1001",
  "a number that is a string": "0a04 1202 1200",
  "a string that is a number": "0a04 1202 1801",
  "a list that is a number": "0a04 1202 3001",
  "an item of a list that is a number": "0a06 1204 3202 0801",
  "a truncated value": "0a04 1209 1100",
};
for (const [name, bytes] of Object.entries(malformed)) {
  test(`${name} is refused`, () => {
    assert.throws(() => Struct.decode(hex(bytes)), MalformedMessageError);
  });
}

test("60 levels are read, 1000 are refused", () => {
  assert.equal(depthOf(Struct.decode(Struct.encode(nested(60)))), 60);
  assert.throws(() => Struct.decode(Struct.encode(nested(1000))), MalformedMessageError);
  assert.throws(() => Struct.decode(Struct.encode({ list: nestedList(1000) })), MalformedMessageError);
});

function nested(depth: number): JsonObject {
  let value: JsonObject = {};
  for (let level = 1; level < depth; level++) value = { a: value };
  return value;
}

function nestedList(depth: number): JsonValue[] {
  let value: JsonValue[] = [];
  for (let level = 1; level < depth; level++) value = [value];
  return value;
}

function depthOf(value: JsonValue | undefined): number {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? 1 + depthOf(value["a"]) : 0;
}
