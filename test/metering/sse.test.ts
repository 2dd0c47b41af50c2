import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { EventStreamParser } from "../../src/metering/sse.js";
import { bytesOf, cuts, pieces, singleBytes } from "./feeding.js";

function events(body: string | Iterable<Uint8Array>): string[] {
  const found: string[] = [];
  let data: Buffer[] = [];
  const parser = new EventStreamParser({
    data: (bytes) => data.push(Buffer.from(bytes)),
    dispatch: () => {
      found.push(Buffer.concat(data).toString("utf8"));
      data = [];
    },
  });
  for (const chunk of typeof body === "string" ? [bytesOf(body)] : body) parser.push(chunk);
  parser.end();
  return found;
}

test("an event carries its data lines joined by newlines, each without one leading space", () => {
  const body = "data: a\ndata:b\ndata:  c\ndata\ndata:\n\n";
  assert.deepEqual(events(body), ["a\nb\n c\n\n"]);
  assert.deepEqual(events(singleBytes(body)), ["a\nb\n c\n\n"]);
});

test("comments, other fields, and events without data are ignored", () => {
  const body =
    ": hi\nevent: x\nid: 1\nretry: 5\ndatum: y\ndat: z\n data: z\nDATA: z\n\n\nevent: y\n\ndata: a\n\n";
  assert.deepEqual(events(body), ["a"]);
  assert.deepEqual(events(singleBytes(body)), ["a"]);
});

test("the end of the stream ends its last line and event", () => {
  assert.deepEqual(events("data: a\n\ndata: b\n"), ["a", "b"]);
  assert.deepEqual(events("data: a\n\ndata: b"), ["a", "b"]);
  assert.deepEqual(events("data: a\n\ndat"), ["a"]);
  assert.deepEqual(events("data: a\n\ndata"), ["a", ""]);
});

test("a stream stops within an event until the line behind it is empty", () => {
  const stopsMidEvent = (body: string) => {
    const parser = new EventStreamParser({ data: () => {}, dispatch: () => {} });
    parser.push(bytesOf(body));
    return parser.isMidEvent;
  };
  for (const body of ["d", "data: a", "data: a\n", "data: a\ndata: b\n", "data: a\n\n:"]) {
    assert.equal(stopsMidEvent(body), true, body);
  }
  for (const body of ["", "\n", ": c\n", "data: a\n\n", "data: a\r\r", "data: a\r\n\r\n"]) {
    assert.equal(stopsMidEvent(body), false, body);
  }
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

test("lines of any length are handed on piece by piece", () => {
  const long = "x".repeat(5 * 1024 * 1024);
  assert.deepEqual(events(pieces(`data: a\ndata: ${long}\n\n:${long}\n\ndata: c\n\n`, [0.1, 0.2, 0.5])), [
    `a\n${long}`,
    "c",
  ]);
});
