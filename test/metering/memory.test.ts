import assert from "node:assert/strict";
import test from "node:test";
import { createMeter } from "../../src/metering/meter.js";
import type { Usage } from "../../src/metering/usage.js";
import { bytesOf } from "./feeding.js";

const MIB = 1024 * 1024;
const BODY_BYTES = 50 * MIB;
/** Generous: the chunk, the caps, and what the collector has not got to yet. */
const GROWTH_BYTES = 16 * MIB;

interface LargeBody {
  name: string;
  head: string;
  /** Repeated until the body is large. */
  filling: string;
  tail: string;
}

const USAGE = '"model":"m","usage":{"prompt_tokens":7,"completion_tokens":5}';

const BODIES: LargeBody[] = [
  { name: "embeddings", head: '{"data":[0', filling: ",-0.0123456789", tail: `],${USAGE}}` },
  { name: "one JSON string", head: '{"image":"', filling: 'aGVsbG8gd29ybGQ\\"{', tail: `",${USAGE}}` },
  { name: "one key", head: '{"', filling: "abcdefgh", tail: `":1,${USAGE}}` },
  { name: "deep nesting", head: '{"a":', filling: '[{"b":', tail: "" },
  { name: "one captured member", head: '{"usage":[0', filling: ",1", tail: `],${USAGE}}` },
  { name: "one line of a stream", head: "data: ", filling: "abcdefgh", tail: `\n\ndata: {${USAGE}}\n\n` },
  {
    name: "one event of many lines",
    head: "data: a\n",
    filling: "data: abcdefgh\n",
    tail: `\ndata: {${USAGE}}\n\n`,
  },
  { name: "nothing but space", head: " ", filling: "\r\n \t", tail: `{${USAGE}}` },
];

function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

for (const { name, head, filling, tail } of BODIES) {
  test(`a body of 50 MiB in flat memory: ${name}`, () => {
    const chunk = bytesOf(filling.repeat(Math.ceil((64 * 1024) / filling.length)));
    const meter = createMeter({ provider: "openai", contentType: undefined });
    const before = held();
    let most = before;
    meter.push(bytesOf(head));
    for (let pushed = 0; pushed < BODY_BYTES; pushed += chunk.length) {
      meter.push(chunk);
      most = Math.max(most, held());
    }
    meter.push(bytesOf(tail));
    const used: Usage | null = meter.end();
    assert.equal(used?.total, tail === "" ? undefined : 12);
    assert.ok(most - before < GROWTH_BYTES, `grew by ${((most - before) / MIB).toFixed(1)} MiB`);
  });
}
