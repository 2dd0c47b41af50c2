import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedMessageError } from "../../../src/envoy/wire/codec.js";
import { All, Child, hex, Tree } from "./every-field.js";

const malformed = {
  "a truncated tag": "80",
  "a tag of field 0": "0200",
  "an unknown wire type": "0f",
  "a string longer than the message": "0a05 61",
  "a string with a length of 4 GB": "0affffffff0f 61",
  "an embedded message longer than its parent": "4a05 0801",
  "a map entry longer than its message": "5a06 0a0161 1201",
  "a map value longer than its entry": "5a06 0a0161 120262 00",
  "a varint that does not end": "20ffffffffffffffffffffff",
  "a truncated double": "3900",
  "a string where a number belongs": "2201 61",
  "a number where a string belongs": "0801",
  "a number where a map belongs": "5801",
  "a start of a group": "a301 a401",
  "a start of a known field as a group": "0b 0c",
  "an end of a group": "a401",
};
for (const [name, bytes] of Object.entries(malformed)) {
  test(`${name} is refused`, () => {
    assert.throws(() => All.decode(hex(bytes)), MalformedMessageError);
  });
}

test("an error names the message and its cause", () => {
  assert.throws(() => All.decode(hex("0801")), {
    message: /^malformed test\.All: field 1 has wire type 0, not 2$/,
  });
});

test("a message nested very deeply is refused, and the next one is read as ever", () => {
  const nested = (depth: number) => {
    let tree = Buffer.alloc(0);
    for (let level = 0; level < depth; level++) tree = Buffer.from(Child.encode({ tree }));
    return tree;
  };
  assert.throws(() => Tree.decode(nested(3000)), MalformedMessageError);
  assert.equal(Tree.decode(nested(150)).children.length, 1);
});
