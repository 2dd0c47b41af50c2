import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { JsonScanner, MAX_MEMBER_BYTES } from "../../src/metering/json-scanner.js";
import { bytesOf, cuts, pieces, singleBytes } from "./feeding.js";

interface Scan {
  members: [string, unknown][];
  isClosed: boolean;
}

function scan(body: string | Iterable<Uint8Array>, wanted = ["usage", "model"]): Scan {
  const members: [string, unknown][] = [];
  const scanner = new JsonScanner(wanted, (name, value) => members.push([name, value]));
  for (const chunk of typeof body === "string" ? [bytesOf(body)] : body) scanner.push(chunk);
  return { members, isClosed: scanner.isClosed };
}

test("only wanted members of the root are captured, with values of every kind", () => {
  const body =
    ' {"a":{"usage":1},"usage" : [1,{"b":"]}"}] ,"model":"m\\"\\u00e9\\\\","c":"usage","usage":-1.5e2} \n';
  assert.deepEqual(scan(body), {
    members: [
      ["usage", [1, { b: "]}" }]],
      ["model", 'm"é\\'],
      ["usage", -150],
    ],
    isClosed: true,
  });
});

test("a key is recognised however it is escaped", () => {
  assert.deepEqual(scan('{"\\u0075s\\u0061ge":true,"mod\\u0065l":null}').members, [
    ["usage", true],
    ["model", null],
  ]);
});

test("any JSON object in any chunks yields what JSON.parse yields", () => {
  const character = fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "u", "\n", "é", "🦊", " ");
  const object = fc.dictionary(
    fc.oneof(fc.string({ unit: character }), fc.constantFrom("usage", "model")),
    fc.jsonValue({ stringUnit: character }),
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(object, fc.constantFrom(0, 2), cuts, (value, indent, shares) => {
      const body = JSON.stringify(value, null, indent);
      const expected = JSON.parse(body);
      const wanted = Object.keys(expected);
      for (const chunks of [[bytesOf(body)], pieces(body, shares), singleBytes(body)]) {
        const { members, isClosed } = scan(chunks, wanted);
        assert.deepEqual(members, Object.entries(expected));
        assert.ok(isClosed);
      }
    }),
    { numRuns: 300 },
  );
});

test("malformed JSON ends the capturing and is not closed", () => {
  const bodies = [
    '["usage"]',
    "null",
    '{usage:1,"model":"m"}',
    '{"usage" 1,"model":"m"}',
    '{"usage":,"model":"m"}',
    '{"usage":01x,"model":"m"}',
    '{"a":1 "model":"m"}',
    '{,"model":"m"}',
    '{"a":1]',
    '{"a":::"model"}',
  ];
  for (const body of bodies) assert.deepEqual(scan(body), { members: [], isClosed: false }, body);
  assert.equal(scan('{"usage":1} {').isClosed, false);
});

test("a value that is cut off is not captured", () => {
  for (const body of ['{"usage":12', '{"usage":{"a":1}'.slice(0, -1), '{"model":"m', '{"usage"']) {
    assert.deepEqual(scan(body), { members: [], isClosed: false }, body);
  }
  assert.deepEqual(scan('{"usage":12,').members, [["usage", 12]]);
});

test("a captured value is bounded, and what follows a longer one is still read", () => {
  const fitting = "x".repeat(MAX_MEMBER_BYTES - 2);
  assert.deepEqual(scan(`{"model":"${fitting}"}`).members, [["model", fitting]]);
  const tooLong = `{"model":"${fitting}x","usage":1}`;
  for (const chunks of [[bytesOf(tooLong)], singleBytes(tooLong)]) {
    assert.deepEqual(scan(chunks), { members: [["usage", 1]], isClosed: true });
  }
  const key = "k".repeat(512);
  assert.deepEqual(scan(`{"${key}k":1,"${key}":2}`, [key]).members, [[key, 2]]);
});
