import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { askForUsage } from "../../src/inference/include-usage.js";
import { type InferenceRequest, readInferenceRequest } from "../../src/inference/request.js";
import { bytesOf } from "../metering/feeding.js";
import { chatPath, readText } from "./reading.js";

function assertSane(request: InferenceRequest): void {
  const { model, promptTokens, maxOutputTokens, choices } = request;
  assert.ok(Number.isSafeInteger(promptTokens) && promptTokens >= 0);
  assert.ok(maxOutputTokens === null || (Number.isSafeInteger(maxOutputTokens) && maxOutputTokens > 0));
  assert.ok(Number.isSafeInteger(choices) && choices >= 1);
  assert.ok(model === null || (model !== "" && model.length <= 256));
}

const head = fc.record({
  path: fc.option(fc.oneof(fc.string(), fc.constantFrom(chatPath, "/api/chat", "/model/%/converse")), {
    nil: undefined,
  }),
  contentLength: fc.option(fc.oneof(fc.nat(5_000), fc.maxSafeNat())),
  isTruncated: fc.boolean(),
});

test("no bytes make it throw or say anything impossible", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), head, (bytes, where) => {
      assertSane(readInferenceRequest(bytes, where));
    }),
  );
  const fragment = fc.constantFrom(
    ...'{}[],:"\\ -1e9',
    "\\u00",
    '"n":',
    '"max_tokens":',
    '"prompt":[',
    '"options":{',
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 60 }), head, (fragments, where) => {
      assertSane(readInferenceRequest(bytesOf(fragments.join("")), where));
    }),
    { numRuns: 2_000 },
  );
});

test("fields are found among any others, whole or cut, as JSON.parse finds them", () => {
  const fields = fc.record(
    {
      model: fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
      max_tokens: fc.integer({ min: 1, max: 1e9 }),
      n: fc.integer({ min: 1, max: 128 }),
      stream: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const others = fc.dictionary(fc.string({ minLength: 14 }), fc.jsonValue());
  fc.assert(
    fc.property(fields, others, fc.nat(), (asked, noise, cut) => {
      const text = JSON.stringify({ ...noise, ...asked, x: noise });
      const request = readText(text);
      assert.equal(request.model, asked.model ?? null);
      assert.equal(request.maxOutputTokens, asked.max_tokens ?? null);
      assert.equal(request.choices, asked.n ?? 1);
      assert.equal(request.isStream, asked.stream ?? false);
      const partial = readText(bytesOf(text).subarray(0, cut % text.length));
      assert.ok([null, request.maxOutputTokens].includes(partial.maxOutputTokens));
      assert.ok([null, request.model].includes(partial.model));
    }),
  );
});

function assertFast(body: Uint8Array): void {
  const before = process.cpuUsage();
  assertSane(readInferenceRequest(body, { path: "/unknown", contentLength: null, isTruncated: false }));
  askForUsage(body);
  const { user } = process.cpuUsage(before);
  // Most take about 15 ms; an exception for each name would be a second, and quadratic time minutes.
  assert.ok(user < 250_000, `${Buffer.from(body.subarray(0, 40))}…: ${user} µs`);
}

/** All ways to write a name of 15 letters in upper and lower case, of which there are 32,768. */
const spellings = Array.from({ length: 1 << 15 }, (_, bits) => {
  let letter = 0;
  return "max_output_tokens".replace(/[a-z]/g, (lower) =>
    (bits >> letter++) & 1 ? lower.toUpperCase() : lower,
  );
});

test("a megabyte takes milliseconds, whatever it is made of", () => {
  const size = 1 << 20;
  const worst = [
    "[",
    '{"a":',
    '"',
    "\\",
    '\\"',
    '"\\',
    "a",
    "1,",
    "[1],",
    '{"options":{"num_predict":1},',
    "\u00ff",
    // Names that JSON.parse would throw at.
    '"\\x":0,',
    '"\\ud800\\u00":0,',
    '"\\u006d\n":0,',
    '"\\u006d\\u006f":0,',
    `"${"\\u006d".repeat(40)}\\":0,`,
    // Fields by the same name again and again.
    '"model":\\x,',
    '"options":{"num_predict":1},',
    '"stream":"\\x",',
    '"stream_options":{"\\x":"\\x"},',
  ];
  const bodies = ["1", "\\x", '"\\x"'].map((value) =>
    bytesOf(`{${spellings.map((name) => `"${name}":${value},"options":{"num_predict":1}`).join()}}`),
  );
  for (const body of bodies) assertFast(body);
  for (const unit of worst) {
    for (const start of [
      "",
      "{",
      "[",
      '["',
      '{"prompt":[',
      '{"options":{',
      '{"options":{"num_predict":1},"a":"',
    ]) {
      assertFast(bytesOf(start + unit.repeat(size / unit.length)));
    }
  }
});
