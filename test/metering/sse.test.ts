import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { EventStreamParser, MAX_EVENT_BYTES, MAX_LINE_BYTES } from "../../src/metering/sse.js";
import { bytesOf, cuts, pieces, singleBytes } from "./feeding.js";

function events(body: string | Iterable<Uint8Array>): string[] {
  const found: string[] = [];
  const parser = new EventStreamParser((data) => found.push(data));
  for (const chunk of typeof body === "string" ? [bytesOf(body)] : body) parser.push(chunk);
  parser.end();
  return found;
}

test("an event carries its data lines joined by newlines, each without one leading space", () => {
  assert.deepEqual(events("data: a\ndata:b\ndata:  c\ndata\ndata:\n\n"), ["a\nb\n c\n\n"]);
});

test("comments, other fields, and events without data are ignored", () => {
  assert.deepEqual(
    events(": hi\nevent: x\nid: 1\nretry: 5\ndatum: y\n data: z\nDATA: z\n\n\nevent: y\n\ndata: a\n\n"),
    ["a"],
  );
});

test("a byte order mark counts only at the start of the stream", () => {
  const body = "\ufeffdata: a\n\ndata: \ufeffb\n\n\ufeffdata: c\n\n";
  for (const chunks of [[bytesOf(body)], singleBytes(body)])
    assert.deepEqual(events(chunks), ["a", "\ufeffb"]);
});

test("the end of the stream ends its last line and event", () => {
  assert.deepEqual(events("data: a\n\ndata: b\n"), ["a", "b"]);
  assert.deepEqual(events("data: a\n\ndata: b"), ["a", "b"]);
  assert.deepEqual(events("data: a\n\ndat"), ["a"]);
});

const line = fc.oneof(
  fc.constantFrom("", "", "data: 京都🦊", "data:x", "data: {}", "data", ": c", "event: e", "data:  "),
  fc.string().map((text) => text.replaceAll(/[\r\n]/g, "")),
);

test("CR, LF and CRLF end a line alike, alone or mixed, in any chunks", () => {
  const lines = fc.array(fc.tuple(line, fc.constantFrom("\r", "\n", "\r\n")), { maxLength: 40 });
  fc.assert(
    fc.property(lines, cuts, (written, shares) => {
      // An empty line ended by LF right behind a CR would read as one CRLF: a comment keeps the two apart.
      const safe = written.flatMap(([text, end]) =>
        text === ""
          ? [
              [":", "\n"],
              ["", end],
            ]
          : [[text, end]],
      );
      const mixed = safe.map((parts) => parts.join("")).join("");
      const plain = safe.map(([text]) => `${text}\n`).join("");
      const expected = events(plain);
      for (const body of [mixed, plain.replaceAll("\n", "\r\n"), plain.replaceAll("\n", "\r")]) {
        for (const chunks of [[bytesOf(body)], pieces(body, shares), singleBytes(body)]) {
          assert.deepEqual(events(chunks), expected);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("a data line over the cap is dropped with its event, and parsing goes on", () => {
  const fitting = `data: ${"x".repeat(MAX_LINE_BYTES - 6)}`;
  assert.deepEqual(events(`${fitting}\n\n`), [fitting.slice(6)]);
  for (const share of [[], [0.25, 0.5, 0.75]]) {
    assert.deepEqual(events(pieces(`data: a\n${fitting}x\ndata: b\n\ndata: c\n\n`, share)), ["c"]);
    assert.deepEqual(events(pieces(`data: a\n:${fitting}\ndata: b\n\n`, share)), ["a\nb"]);
  }
  assert.deepEqual(events(`data: a\n\n${fitting}x`), ["a"]);
});

test("an event over the cap is dropped, and parsing goes on", () => {
  const chunk = `data: ${"x".repeat(MAX_LINE_BYTES / 2)}\n`;
  const count = (MAX_EVENT_BYTES / MAX_LINE_BYTES) * 2;
  assert.equal(events(`${chunk.repeat(count - 1)}\ndata: b\n\n`).length, 2);
  assert.deepEqual(events(`${chunk.repeat(count)}\ndata: b\n\n`), ["b"]);
  assert.deepEqual(events(`${"data\n".repeat(MAX_EVENT_BYTES + 1)}\ndata: b\n\n`), ["b"]);
});
