import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import fc from "fast-check";
import { MAX_HELD_BYTES, UsageEventFilter } from "../../src/inference/hide-usage.js";
import { bytesOf, cuts, pieces, singleBytes } from "../metering/feeding.js";

/** What a filter passes on of these chunks, each of which is overwritten once it has been used. */
function filter(chunks: Iterable<Uint8Array>): string {
  const filter = new UsageEventFilter();
  const passed: Buffer[] = [];
  for (const chunk of chunks) {
    passed.push(Buffer.from(filter.push(chunk)));
    chunk.fill(0x22);
  }
  passed.push(Buffer.from(filter.end()));
  return Buffer.concat(passed).toString();
}

/** What passes of a body, however it is cut. */
function passed(body: string): string {
  const whole = filter([bytesOf(body)]);
  assert.equal(filter(singleBytes(body)), whole, "byte by byte");
  return whole;
}

const first = 'data: {"id":"a","choices":[{"index":0,"delta":{"content":"Hi"}}],"usage":null}\n\n';
const extra =
  'data: {"id":"a","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}\n\n';
const done = "data: [DONE]\n\n";

test("the extra chunk is taken out, and nothing else", () => {
  assert.equal(passed(first + extra + done), first + done);
  assert.equal(passed(first + extra), first);
  assert.equal(passed(extra), "");
  assert.equal(passed(first + extra + extra + first + done), first + first + done);
});

test("the extra chunk goes with whole line ends, of all three kinds", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const body = (text: string) => text.replaceAll("\n", end);
    assert.equal(passed(body(first + extra + done)), body(first + done), JSON.stringify(end));
    assert.equal(passed(body(`${extra}\n\n${done}`)), body(`\n\n${done}`), JSON.stringify(end));
  }
});

test("the extra chunk is told by what it says, however it is written", () => {
  for (const written of [
    'data:{"choices":[],"usage":{}}\n\n',
    'data: {"usage" : {"a":1} ,\ndata:  "choices" : [ ]}\n\n',
    'event: x\nid: 1\ndata: {"\\u0063hoices":[],"us\\u0061ge":{"total_tokens":1}}\n\n',
    'data: {"choices":[1],"choices":[],"usage":{}}\n\n',
  ]) {
    assert.equal(passed(first + written + done), first + done, written);
  }
});

test("what only resembles the extra chunk passes", () => {
  for (const event of [
    // Azure's first chunk.
    'data: {"choices":[],"created":0,"id":"","model":"","prompt_filter_results":[{"prompt_index":0}]}\n\n',
    'data: {"choices":[],"usage":null,"prompt_filter_results":[]}\n\n',
    // vLLM's continuous usage, and Mistral's last chunk.
    'data: {"choices":[{"index":0,"delta":{}}],"usage":{"total_tokens":11}}\n\n',
    'data: {"choices":[{"delta":{"tool_calls":[]}}],"usage":{"total_tokens":11}}\n\n',
    'data: {"usage":{"total_tokens":11},"x":[]}\n\n',
    'data: {"choices":[],"usage":[]}\n\n',
    'data: {"choices":{},"usage":{},"x":[]}\n\n',
    'data: [{"choices":[],"usage":{}}]\n\n',
    'data: {"choices":[],"usage":{}\n\n',
    ': {"choices":[],"usage":{}}\n\n',
    'datum: {"choices":[],"usage":{}}\n\n',
    "data\n\n",
  ]) {
    assert.equal(passed(event + done), event + done, event);
  }
});

test("the end of the stream ends its last event", () => {
  assert.equal(passed(first + extra.trimEnd()), first);
  assert.equal(passed(`${first}data: {"choices":[],"us`), `${first}data: {"choices":[],"us`);
});

test("an event passes with its last byte, and a comment with its line", () => {
  const filter = new UsageEventFilter();
  const push = (text: string) => Buffer.from(filter.push(bytesOf(text))).toString();
  assert.equal(push(first + first.slice(0, 9)), first);
  assert.equal(push(first.slice(9, -1)), "");
  assert.equal(push("\n"), first);
  assert.equal(push("\r"), "\r");
  assert.equal(push("\n"), "\n");
  assert.equal(push(": keep-alive\n"), ": keep-alive\n");
  assert.equal(push(`: keep-alive\r`), ": keep-alive\r");
  assert.equal(push(`\n${extra.slice(0, -2)}`), "\n");
  assert.equal(push("\r\r"), "");
  assert.equal(push(`\n${done}`), done);
});

test("an event that is longer than what is held passes, even one that would be taken out", () => {
  const sized = (bytes: number) => {
    const bare = 'data: {"choices":[],"usage":{"a":""}}\n\n';
    return bare.replace('""', `"${"x".repeat(bytes - bare.length)}"`);
  };
  assert.equal(passed(first + sized(MAX_HELD_BYTES) + done), first + done);
  const long = first + sized(MAX_HELD_BYTES + 1) + extra + done;
  assert.equal(passed(long), long.replace(extra, ""));
  const filter = new UsageEventFilter();
  let held = 0;
  for (let i = 0; i < 100; i++) {
    held += 10_000 - filter.push(new Uint8Array(10_000).fill(0x78)).length;
    assert.ok(held <= MAX_HELD_BYTES);
  }
});

test("the streams of the providers pass, but for the extra chunk of OpenAI's", () => {
  for (const name of [
    "azure-openai",
    "openai-chat",
    "vllm",
    "mistral",
    "anthropic",
    "gemini",
    "openai-responses",
  ]) {
    const body = readFileSync(`test/metering/samples/${name}.stream.sse`, "utf8");
    const events = body.split(/(?<=\r?\n\r?\n)/);
    const isExtra = (event: string) => /"choices":\s*\[\]/.test(event) && /"usage":\s*\{/.test(event);
    const kept = events.filter((event) => !isExtra(event));
    if (["azure-openai", "openai-chat"].includes(name)) assert.equal(kept.length, events.length - 1, name);
    assert.equal(passed(body), kept.join(""), name);
  }
});

const event = fc.oneof(
  fc.constantFrom(
    first,
    done,
    ": ping\n",
    "\n",
    "event: x\n",
    "\r",
    "\r\n",
    "data: 京都🦊\r\rdata: {}\r\n\r\n",
  ),
  fc.string({ unit: "binary" }),
);

test("without the extra chunk, what comes out is what came in, in any chunks", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), cuts, (events, shares) => {
      const body = Buffer.from(events.join("")).toString();
      assert.equal(filter(pieces(body, shares)), body);
      assert.equal(filter(singleBytes(body)), body);
    }),
  );
});

test("however the stream is cut, the same comes out", () => {
  const extras = fc.constantFrom(extra, extra.replaceAll("\n", "\r"), extra.replaceAll("\n", "\r\n"));
  fc.assert(
    fc.property(fc.array(fc.oneof(event, extras), { maxLength: 20 }), cuts, (events, shares) => {
      const body = events.join("");
      assert.equal(filter(pieces(body, shares)), passed(body));
    }),
  );
});
