import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { createMeter } from "../../src/metering/meter.js";
import { countNames, pieces, singleBytes, usageOf } from "./feeding.js";
import { metered, samples } from "./samples.js";

const lies = [
  undefined,
  "",
  "application/json",
  "text/event-stream;charset=utf-8",
  "text/html",
  "application/octet-stream",
];
/** Byte positions to cut a body at. */
const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });

test("there is a sample of every response, and none without what it used", () => {
  const files = readdirSync("test/metering/samples").filter((name) => name !== "manifest.json");
  assert.deepEqual(files.sort(), samples.map(({ name }) => name).sort());
  assert.ok(metered.length >= 25);
});

for (const { name, provider, head, headers, body, used } of samples) {
  test(`${name} gives its usage in one piece, byte by byte, and in 1,000 random splits`, () => {
    assert.deepEqual(usageOf({ provider }, body, head), used);
    assert.deepEqual(usageOf({ provider }, singleBytes(body), head), used);
    const split = fc.property(places, (shares) =>
      assert.deepEqual(usageOf({ provider }, pieces(body, shares), head), used),
    );
    fc.assert(split, { numRuns: 1000 });
  });

  test(`${name} is recognised without its provider`, () => {
    assert.deepEqual(usageOf({ provider: "detected" }, body, head), used);
    assert.deepEqual(usageOf({ provider: "detected" }, singleBytes(body), head), used);
  });

  test(`${name} is read whatever its content type says`, () => {
    for (const lie of lies) {
      const header = (asked: string) =>
        asked === "content-type" ? lie : (headers as Record<string, string>)[asked];
      assert.deepEqual(usageOf({ provider }, body, { path: undefined, header }), used, lie);
    }
  });
}

for (const { name, provider, head, body, used } of metered) {
  test(`${name} cut anywhere never gives more than its usage, and is complete only with all of it`, () => {
    let last = 0;
    for (let length = 0; length < body.length; length += 1) {
      for (const source of [{ provider }, { provider: "detected" }] as const) {
        const known = usageOf(source, body.subarray(0, length), head);
        if (known === null) continue;
        for (const count of countNames) {
          assert.ok(known[count] <= used[count], `${count} after ${length} bytes`);
        }
        if (source.provider === "detected") {
          if (known.complete) assert.deepEqual(known, used, `complete after ${length} bytes`);
          continue;
        }
        assert.ok(known.total >= last, `less after ${length} bytes`);
        last = known.total;
        if (known.complete) assert.deepEqual(known, used, `complete after ${length} bytes`);
      }
    }
  });

  test(`${name} given up right behind its last byte is complete only if it says that it is over`, () => {
    const meter = createMeter({ provider }, head);
    meter.push(body.slice());
    const saysSo = /\[DONE\]|message_stop|response\.completed|"done": ?true|stream-end/;
    const text = Buffer.from(body).toString("latin1");
    const inBase64 = [...text.matchAll(/"bytes":"([^"]+)"/g)].map(([, bytes = ""]) => atob(bytes));
    const isOver = [text, ...inBase64].some((part) => saysSo.test(part));
    assert.deepEqual(meter.end("cut"), { ...used, complete: isOver });
  });
}

for (const { name, provider, head, body, used } of samples.filter(({ name }) => name.endsWith(".sse"))) {
  test(`${name} gives the same with lines that end in CR, LF or CRLF`, () => {
    const plain = Buffer.from(body).toString("utf8").replaceAll("\r\n", "\n");
    for (const lineEnd of ["\r", "\n", "\r\n"]) {
      const same = plain.replaceAll("\n", lineEnd);
      assert.deepEqual(usageOf({ provider }, same, head), used);
      assert.deepEqual(usageOf({ provider }, singleBytes(same), head), used);
    }
  });

  test(`${name} gives the same behind a byte order mark, among comments, and without its last line end`, () => {
    const plain = Buffer.from(body).toString("utf8").replaceAll("\r\n", "\n");
    const lines = plain.trimEnd().replaceAll("\n\n", "\n: keep-alive\nid: 7\nretry: 10\n\n: \n");
    assert.deepEqual(usageOf({ provider }, `\ufeff\n${lines}`, head), used);
  });

  test(`${name} gives the same with its documents over several data lines`, () => {
    const spread = Buffer.from(body)
      .toString("utf8")
      .replaceAll(/^data: ?(\{.*?)(\r?)$/gm, (_, json: string, cr: string) => {
        const lines = JSON.stringify(JSON.parse(json), null, 1).split("\n");
        return lines.map((line) => `data:${line}${cr}`).join("\n");
      });
    assert.ok(spread.length > body.length);
    assert.deepEqual(usageOf({ provider }, spread, head), used);
  });
}
