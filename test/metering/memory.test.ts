import assert from "node:assert/strict";
import test from "node:test";
import { createMeter } from "../../src/metering/meter.js";
import type { Usage } from "../../src/metering/usage.js";
import { headOf } from "./feeding.js";
import { frame } from "./frames.js";

const MIB = 1024 * 1024;
const BODY_BYTES = 50 * MIB;
/** Generous: the chunk, the caps, and what the collector has not got to yet. */
const GROWTH_BYTES = 16 * MIB;

interface LargeBody {
  name: string;
  head: string | Buffer;
  /** Repeated until the body is large. */
  filling: string | Buffer;
  /** Empty where nothing tells a usage. */
  tail: string | Buffer;
}

const USAGE = '"model":"m","usage":{"prompt_tokens":7,"completion_tokens":5}';

const TEXT = JSON.stringify("京都 ".repeat(200));
const DELTA = `data: {"choices":[{"delta":{"content":"京都"},"finish_reason":null}],"usage":null}\n\n`;

const BODIES: LargeBody[] = [
  { name: "embeddings", head: '{"data":[0', filling: ",-0.0123456789", tail: `],${USAGE}}` },
  { name: "one JSON string", head: '{"image":"', filling: 'aGVsbG8gd29ybGQ\\"{', tail: `",${USAGE}}` },
  { name: "one text", head: '{"choices":[{"text":"', filling: "京都\\n and ", tail: `"}],${USAGE}}` },
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
  { name: "events that are not parsed", head: "", filling: DELTA, tail: `data: {${USAGE}}\n\n` },
  { name: "events that tell usage", head: "", filling: `data: {${USAGE}}\n\n`, tail: "data: [DONE]\n\n" },
  {
    name: "JSON lines",
    head: "",
    filling: `{"model":"m","text":${TEXT},"usage":null}\n`,
    tail: `{${USAGE}}\n`,
  },
  { name: "an array of chunks", head: "[", filling: `{"model":"m","text":${TEXT}},\n`, tail: `{${USAGE}}]` },
  { name: "AWS messages", head: "", filling: frame(`{"p":${TEXT}}`), tail: frame(`{${USAGE}}`) },
  {
    name: "long AWS messages",
    head: "",
    filling: frame(`{"p":"${"x".repeat(MIB)}"}`),
    tail: frame(`{${USAGE}}`),
  },
  { name: "nothing but space", head: " ", filling: "\r\n \t", tail: `{${USAGE}}` },
];

function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

for (const { name, head, filling, tail } of BODIES) {
  test(`a body of 50 MiB in flat memory: ${name}`, () => {
    const unit = Buffer.from(filling);
    const chunk = Buffer.concat(Array.from({ length: Math.ceil((64 * 1024) / unit.length) }, () => unit));
    const meter = createMeter({ provider: "openai" }, headOf());
    const before = held();
    let most = before;
    meter.push(Buffer.from(head));
    for (let pushed = 0; pushed < BODY_BYTES; pushed += chunk.length) {
      meter.push(chunk);
      most = Math.max(most, held());
    }
    meter.push(Buffer.from(tail));
    const used: Usage | null = meter.end("complete");
    assert.equal(used?.total, tail === "" ? undefined : 12);
    assert.ok(most - before < GROWTH_BYTES, `grew by ${((most - before) / MIB).toFixed(1)} MiB`);
  });
}
