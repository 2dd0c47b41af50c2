import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMeter } from "../../src/metering/meter.js";
import type { UsageSource } from "../../src/metering/providers.js";
import { bytesOf, headOf } from "./feeding.js";
import { EXCEPTION, frame } from "./frames.js";
import { chatChunk, event } from "./responses.js";
import { samples } from "./samples.js";

const DETECTED: UsageSource = { provider: "detected" };

function hasFailed(body: string | Uint8Array, source = DETECTED, head = headOf()): boolean {
  const meter = createMeter(source, head);
  meter.push(bytesOf(body));
  const { hasFailed } = meter;
  meter.end("complete");
  assert.equal(meter.hasFailed, hasFailed, "it is known before the end");
  return hasFailed;
}

describe("a failure of the provider's", () => {
  const start = event({ type: "message_start", message: { model: "m", usage: { input_tokens: 9 } } });

  test("is one that the body tells", () => {
    for (const body of [
      start + event({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }),
      event(chatChunk("Hi")) + event({ error: { message: "gone", code: 502 } }),
      event({ type: "response.failed", response: { error: { code: "server_error" } } }),
      '{"model":"m","done":false}\n{"error":"out of memory"}\n',
      Buffer.concat([frame('{"delta":{"text":"Hi"}}'), frame('{"message":"slow down"}', EXCEPTION)]),
    ]) {
      assert.equal(hasFailed(body), true, String(body));
    }
  });

  test("is none where the body only breaks off, or speaks of errors", () => {
    for (const body of [
      start + event(chatChunk('the "error" is {"error":1}')),
      '{"choices":[{"message":{"content":"Hi',
      'data: {"choices":[{"delta":{"content":"Hi',
      frame('{"delta":{"text":"Hi"}}').subarray(0, -3),
      "not JSON",
    ]) {
      assert.equal(hasFailed(body), false, String(body));
    }
    for (const { name, body, provider, head } of samples) {
      assert.equal(hasFailed(body, { provider }, head), false, name);
      assert.equal(hasFailed(body.subarray(0, body.length / 2), { provider }, head), false, name);
    }
  });
});
