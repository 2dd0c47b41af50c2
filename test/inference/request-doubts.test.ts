import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readInferenceRequest } from "../../src/inference/request.js";
import { bytesOf } from "../metering/feeding.js";
import { chatPath, read, readBeginning, readText } from "./reading.js";

const deployment = "/openai/deployments/b/chat/completions";

describe("a name in another case, which servers in Go take for the same,", () => {
  test("leaves the model unknown, unless it names the same", () => {
    for (const text of [
      '{"model":"a","MODEL":"b"}',
      '{"Model":"b","model":"a"}',
      '{"MODEL":"b"}',
      '{"model":"a","mode\\u004c":"b"}',
      '{"model":"a","Model":null}',
      '{"model":"a","Model":{"x":1}}',
      `{"model":"a","Model":"${"b".repeat(3_000)}"}`,
    ]) {
      assert.equal(readText(text).model, null, text);
      assert.equal(readText(text, deployment).model, "b", "the path still names it");
    }
    assert.equal(readText('{"model":"a","Model":"a"}').model, "a");
    assert.equal(readText('{"model":"a","Model":"b","Model":"a"}').model, "a", "the last of each counts");
  });

  test("raises a cap and takes it away, but sets none: other servers pass over it", () => {
    assert.equal(read({ max_tokens: 5, Max_Tokens: 9 }).maxOutputTokens, 9);
    assert.equal(read({ MAX_TOKENS: 9, max_tokens: 5, max_TOKENS: 7 }).maxOutputTokens, 9);
    assert.equal(read({ max_tokens: 9, MAX_TOKENS: 5 }).maxOutputTokens, 9);
    assert.equal(read({ max_tokens: 5, "max_to\u212aens": 9 }).maxOutputTokens, 9, "the Kelvin sign is a k");
    assert.equal(read({ max_tokens: 5, MAX_TOKENS: -1 }).maxOutputTokens, null);
    assert.equal(read({ MAX_TOKENS: 5 }).maxOutputTokens, null);
    const split = { options: { num_predict: 5 }, Options: { num_predict: 9 } };
    assert.equal(read(split, "/api/chat").maxOutputTokens, 9);
    assert.equal(read({ options: { num_predict: 5, NUM_PREDICT: 9 } }, "/api/chat").maxOutputTokens, 9);
  });

  test("counts for answers and streams where it asks for more", () => {
    assert.equal(read({ n: 1, N: 5 }).choices, 5);
    assert.equal(read({ Prompt: ["a", "b"] }).choices, 2);
    assert.equal(read({ Stream: true, stream: false }).isStream, true);
    assert.equal(read({ stream: false, STREAM: true }, "/api/chat").isStream, true);
    assert.equal(read({ stream: false, STREAM: false }, "/api/chat").isStream, false);
  });
});

describe("of a body that is not seen to its end", () => {
  const text = '{"model":"cheap","max_tokens":9,"n":2,"x":"","model":"dear"}';

  test("the model is not believed, and what else was seen is", () => {
    const request = readBeginning(text, 45, text.length);
    assert.deepEqual(
      [request.model, request.maxOutputTokens, request.choices, request.isWhole],
      [null, 9, 2, false],
    );
    const head = { path: deployment, contentLength: null, isTruncated: true };
    assert.equal(readInferenceRequest(bytesOf(text.slice(0, 45)), head).model, "b");
  });

  test("all is believed if the document was whole, and only spaces can follow", () => {
    for (const space of ["", " ", "\n\n"]) {
      const request = readBeginning(text + space, 1_000, 5_000);
      assert.deepEqual([request.model, request.isWhole], ["dear", true]);
      assert.equal(request.promptTokens, readText(text).promptTokens);
    }
  });
});

test("malformed JSON names no model: a lenient server may find another behind the fault", () => {
  for (const text of ['{"model":"a",}', '{"model":"a",/**/"model":"b"}', '{"model":"a"}{"model":"b"}']) {
    const request = readText(text);
    assert.deepEqual([request.model, request.isWhole], [null, true], text);
    assert.equal(readText(text, deployment).model, "b");
  }
});

test("a body in UTF-16 or UTF-32 names no model, and all of it is text", () => {
  const text = JSON.stringify({ model: "a", messages: [{ content: "word ".repeat(1_000) }] });
  const little = Buffer.from(text, "utf16le");
  const wide = Buffer.alloc(text.length * 4);
  for (let i = 0; i < text.length; i++) wide.writeUInt32BE(text.charCodeAt(i), i * 4);
  for (const body of [
    little,
    Buffer.from(little).swap16(),
    Buffer.concat([Buffer.from([0xff, 0xfe]), little]),
    wide,
    Buffer.from(wide).swap32(),
  ]) {
    const request = readText(body);
    assert.equal(request.model, null);
    assert.ok(request.promptTokens >= 1_250);
    assert.equal(readText(body, deployment).model, "b");
  }
});

describe("padding in front of a long prompt does not hide it:", () => {
  const unseen = `"messages":[{"role":"user","content":"${"word ".repeat(192_000)}"}]}`;
  const paddings: [name: string, padding: string][] = [
    ["spaces", `{${" ".repeat(1_200_000)}`],
    ["spaces before all of it", `${" ".repeat(1_200_000)}{`],
    ["a field that looks like base64", `{"user":"${"A".repeat(1_200_000)}",`],
    ["an image", `{"x":"data:image/png;base64,${"A".repeat(1_200_000)}",`],
    ["a long name", `{"${"a".repeat(1_200_000)}":0,`],
    ["empty lists", `{"x":[${"[],".repeat(400_000)}0],`],
  ];
  for (const [name, padding] of paddings) {
    test(name, () => {
      const text = padding + unseen;
      const { promptTokens } = readBeginning(text, 1 << 20, text.length);
      assert.ok(promptTokens >= unseen.length / 4, `${promptTokens} of ${unseen.length / 4}`);
    });
  }
});

test("an unknown length leaves what was seen", () => {
  const text = '{"messages":[{"content":"word word word"}]}';
  const head = { path: chatPath, contentLength: null, isTruncated: true };
  assert.equal(readInferenceRequest(bytesOf(text.slice(0, -4)), head).promptTokens, 3 + 4);
});
