import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../../src/metering/json-object.js";
import { JsonScanner, MAX_MEMBER_BYTES } from "../../src/metering/json-scanner.js";
import { type MemberPath, wantedMembers } from "../../src/metering/wanted-members.js";
import { WrittenText } from "../../src/metering/written-text.js";
import { bytesOf, cuts, pieces, singleBytes } from "./feeding.js";

interface Scan {
  documents: JsonObject[];
  isClosed: boolean;
}

const USAGE_AND_MODEL = [["usage"], ["model"]];

function scan(body: string | Iterable<Uint8Array>, paths: readonly MemberPath[] = USAGE_AND_MODEL): Scan {
  const documents: JsonObject[] = [];
  const scanner = new JsonScanner(
    wantedMembers(paths),
    (document) => documents.push({ ...document }),
    new WrittenText(),
  );
  for (const chunk of typeof body === "string" ? [bytesOf(body)] : body) scanner.push(chunk);
  const { isClosed } = scanner;
  scanner.end();
  return { documents: JSON.parse(JSON.stringify(documents)), isClosed };
}

test("only wanted members of the root are captured, with values of every kind", () => {
  const body =
    ' {"a":{"usage":1},"usage" : [1,{"b":"]}"}] ,"model":"m\\"\\u00e9\\\\","c":"usage"} \n{"usage":-1.5e2}';
  assert.deepEqual(scan(body), {
    documents: [{ usage: [1, { b: "]}" }], model: 'm"é\\' }, { usage: -150 }],
    isClosed: true,
  });
});

test("a member further in is captured with what leads to it, and nothing beside", () => {
  const paths = [["response", "usage"], ["response", "model"], ["type"]];
  const body = '{"usage":1,"response":{"id":{"usage":2},"usage":{"a":[3]},"x":{}},"type":"t","model":"m"}';
  assert.deepEqual(scan(body, paths).documents, [{ response: { usage: { a: [3] } }, type: "t" }]);
  assert.deepEqual(scan('{"response":[{"usage":1}],"type":2}', paths).documents, [{ type: 2 }]);
  assert.deepEqual(scan('{"response":"usage"}', paths).documents, [{}]);
});

test("of a path that leads into what another takes whole, the whole is captured", () => {
  const paths = [["a", "b"], ["a"], ["a", "c"]];
  assert.deepEqual(scan('{"a":{"d":1}}', paths).documents, [{ a: { d: 1 } }]);
});

test("of a name that comes twice, the last counts, as for JSON.parse", () => {
  const body = '{"usage":1,"response":{"usage":1},"response":{"model":2},"usage":3}';
  const paths = [["usage"], ["response", "usage"], ["response", "model"]];
  assert.deepEqual(scan(body, paths).documents, [{ usage: 3, response: { model: 2 } }]);
});

test("a key is recognised however it is escaped", () => {
  assert.deepEqual(scan('{"\\u0075s\\u0061ge":true,"mod\\u0065l":null}').documents, [
    { usage: true, model: null },
  ]);
});

test("documents come one behind the other, or in one array", () => {
  const expected = [{ usage: 1 }, { usage: 2 }, {}];
  for (const body of [
    '{"usage":1}\n{"usage":2}\n{"a":3}\n',
    '{"usage":1}{"usage":2}{"a":3}',
    '[{"usage":1},\r\n{"usage":2}\n,\n{"a":3}]',
  ]) {
    for (const chunks of [[bytesOf(body)], singleBytes(body)]) {
      assert.deepEqual(scan(chunks), { documents: expected, isClosed: true }, body);
    }
  }
  assert.equal(scan('[{"usage":1},').isClosed, false);
  assert.equal(scan('[{"usage":1}').isClosed, false);
});

const character = fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "u", "\n", "é", "🦊", " ");
const object = fc.dictionary(
  fc.oneof(fc.string({ unit: character }), fc.constantFrom("usage", "model")),
  fc.oneof(
    fc.jsonValue({ stringUnit: character }),
    fc.string({ unit: character, minLength: 60, maxLength: 300, size: "max" }),
  ),
  { noNullPrototype: true },
);

test("any JSON objects in any chunks yield what JSON.parse yields", () => {
  const bodies = fc.record({
    objects: fc.array(object, { minLength: 1, maxLength: 4 }),
    indent: fc.constantFrom(0, 2),
    isArray: fc.boolean(),
    shares: cuts,
  });
  fc.assert(
    fc.property(bodies, ({ objects, indent, isArray, shares }) => {
      const texts = objects.map((value) => JSON.stringify(value, null, indent));
      const body = isArray ? `[${texts.join(",\n")}]` : texts.join("\n");
      const expected = texts.map((text) => JSON.parse(text));
      const wanted = expected.flatMap((value) => Object.keys(value)).map((name) => [name]);
      for (const chunks of [[bytesOf(body)], pieces(body, shares), singleBytes(body)]) {
        assert.deepEqual(scan(chunks, wanted), { documents: expected, isClosed: true });
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
    ',{"usage":1}',
    "]",
  ];
  for (const body of bodies) {
    const { documents, isClosed } = scan(body);
    assert.deepEqual(
      [documents.filter((document) => Object.keys(document).length > 0), isClosed],
      [[], false],
      body,
    );
  }
  for (const behind of ["{", "[", "]", ",", "x", '"']) {
    assert.equal(scan(`{"usage":1} ${behind}`).isClosed, false, behind);
    assert.equal(scan(`[{"usage":1}] ${behind}`).isClosed, false, behind);
  }
});

test("what a document held until it was cut off is handed over, but for the value that was cut", () => {
  for (const body of ['{"usage":12', '{"usage":{"a":1', '{"model":"m', '{"usage"']) {
    assert.deepEqual(scan(body), { documents: [{}], isClosed: false }, body);
  }
  assert.deepEqual(scan('{"usage":12,').documents, [{ usage: 12 }]);
  assert.deepEqual(scan('{"response":{"usage":12,', [["response", "usage"]]).documents, [
    { response: { usage: 12 } },
  ]);
});

test("a captured value is bounded, and what follows a longer one is still read", () => {
  const fitting = "x".repeat(MAX_MEMBER_BYTES - 2);
  assert.deepEqual(scan(`{"model":"${fitting}"}`).documents, [{ model: fitting }]);
  const tooLong = `{"model":"${fitting}x","usage":1}`;
  for (const chunks of [[bytesOf(tooLong)], singleBytes(tooLong)]) {
    assert.deepEqual(scan(chunks), { documents: [{ usage: 1 }], isClosed: true });
  }
  const key = "k".repeat(512);
  assert.deepEqual(scan(`{"${key}k":1,"${key}":2}`, [[key]]).documents, [{ [key]: 2 }]);
});
