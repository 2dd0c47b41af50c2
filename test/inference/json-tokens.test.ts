import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { JsonTokens } from "../../src/inference/json-tokens.js";
import { bytesOf } from "../metering/feeding.js";

/** The kinds of all tokens, the last of which tells how the reading ended. */
function kindsOf(body: string | Uint8Array): string[] {
  const tokens = new JsonTokens(bytesOf(body));
  const kinds: string[] = [];
  while (!["end", "cut", "malformed"].includes(kinds.at(-1) ?? "")) kinds.push(tokens.next());
  assert.equal(tokens.next(), kinds.at(-1), "the last token stays");
  return kinds;
}

function endOf(body: string | Uint8Array): string | undefined {
  return kindsOf(body).at(-1);
}

/** What the tokens of a document build, to compare with what JSON.parse does. */
function rebuild(text: string): unknown {
  const bytes = bytesOf(text);
  const tokens = new JsonTokens(bytes);
  const pieces: string[] = [];
  for (;;) {
    const token = tokens.next();
    const written = () => Buffer.from(bytes.subarray(tokens.start, tokens.end)).toString();
    const last = pieces.at(-1) ?? "";
    const comma = last === "" || /[[{:]$/.test(last) ? "" : ",";
    if (token === "object") pieces.push(`${comma}{`);
    else if (token === "array") pieces.push(`${comma}[`);
    else if (token === "object-end") pieces.push("}");
    else if (token === "array-end") pieces.push("]");
    else if (token === "key") pieces.push(`${comma}${JSON.stringify(tokens.text(10_000))}:`);
    else if (token === "string" || token === "scalar") pieces.push(`${comma}${written()} `);
    else return token === "end" ? JSON.parse(pieces.join("")) : token;
  }
}

test("every document is read as JSON.parse reads it, with any spacing", () => {
  const document = fc.oneof(
    fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()),
    fc.array(fc.jsonValue()),
  );
  fc.assert(
    fc.property(document, fc.constantFrom("", " ", "\t", "\r\n"), (value, space) => {
      const text = `${space}${JSON.stringify(value, null, space)}${space}`;
      assert.deepEqual(rebuild(text), JSON.parse(text));
    }),
  );
});

test("a document that is cut anywhere is cut, and no scalar at the cut counts", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (value, at) => {
      const text = JSON.stringify(value);
      assert.equal(endOf(bytesOf(text).subarray(0, at % bytesOf(text).length)), "cut");
    }),
  );
  assert.deepEqual(kindsOf('{"a":12'), ["object", "key", "cut"]);
});

test("structure is checked, and what strings and scalars hold is not", () => {
  const malformed = [
    "x",
    '"x"',
    "1",
    "{1:2}",
    "{a:1}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "[1,]",
    "[,]",
    "[1 2]",
  ];
  for (const text of malformed.concat(["{]", "[}", "{}}", "{} {}", '{"a":1"b":2}', '["a""b"]', "[:]", "]"])) {
    assert.equal(endOf(text), "malformed", text);
  }
  for (const text of ['{"a":NaN,"b":-Infinity}', '["\t\\x"]', "[01,tru]", "\ufeff{}"]) {
    assert.equal(endOf(text), "end", text);
  }
});

test("strings of any length end at the first quote that is not escaped", () => {
  for (let length = 0; length < 120; length++) {
    for (const filling of [
      "a".repeat(length),
      "\\".repeat(length),
      '"'.repeat(length),
      `${"a".repeat(length)}\\"`,
    ]) {
      const text = JSON.stringify({ [filling]: [filling, "b"] });
      assert.deepEqual(
        kindsOf(text),
        ["object", "key", "array", "string", "string", "array-end", "object-end", "end"],
        text,
      );
    }
  }
});

test("names are read with their escapes, and not where they are longer than asked for", () => {
  const tokens = new JsonTokens(bytesOf('{"m\\u006fdel":1,"abc":2,"\\ud800":3}'));
  tokens.next();
  tokens.next();
  assert.equal(tokens.text(10), "model");
  tokens.next();
  tokens.next();
  assert.equal(tokens.text(3), "abc");
  assert.equal(tokens.text(2), null);
});

test("names are read as JSON.parse reads them, and not at all where it fails", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "\\",
      "\\u",
      "\\ud83e",
      "\\udd8a",
      "\\u00e9",
      "\\n",
      "\\/",
      "\\x",
      "\n",
      "\u0000",
      "\u007f",
    ),
    fc.string({ unit: "binary" }),
  );
  const name = fc.array(piece).map((pieces) => `\\b${pieces.join("")}`);
  fc.assert(
    fc.property(name, (raw) => {
      const bytes = bytesOf(`{"${raw}":0}`);
      const tokens = new JsonTokens(bytes);
      tokens.next();
      if (tokens.next() !== "key" || tokens.end !== bytes.length - 3) return;
      let expected: string | null = null;
      try {
        expected = JSON.parse(`"${Buffer.from(bytes.subarray(2, -4))}"`);
      } catch {}
      assert.equal(tokens.text(10_000), expected);
    }),
    { numRuns: 2_000 },
  );
});

test("any bytes come to an end, however deep they nest", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.ok(kindsOf(bytes).length <= bytes.length + 2);
    }),
  );
  assert.equal(endOf("[".repeat(1_000_000)), "cut");
  assert.equal(endOf("[".repeat(500_000) + "]".repeat(500_000)), "end");
});
