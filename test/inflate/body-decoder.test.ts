import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as zlib from "node:zlib";
import fc from "fast-check";
import {
  type BodyDecoder,
  createBodyDecoder,
  type DecodingFailure,
  MAX_INFLATED_BYTES,
} from "../../src/inflate/body-decoder.js";
import { createMeter } from "../../src/metering/meter.js";
import type { Usage } from "../../src/metering/usage.js";
import { countNames, cuts, pieces, singleBytes } from "../metering/feeding.js";
import { metered, type Sample, samples } from "../metering/samples.js";
import { encodings } from "./encodings.js";

interface Decoded {
  body: Buffer;
  failure: DecodingFailure | null;
}

function open(contentEncoding: string | undefined, onBytes: (bytes: Uint8Array) => void): BodyDecoder {
  const decoder = createBodyDecoder(contentEncoding, onBytes);
  assert.ok(decoder, contentEncoding);
  return decoder;
}

/** Pushes each chunk and then overwrites it, as a caller who reuses its buffers would. */
async function feed(decoder: BodyDecoder, chunks: Iterable<Uint8Array>): Promise<void> {
  for (const chunk of chunks) {
    const pushed = decoder.push(chunk);
    chunk.fill(0x22);
    await pushed;
  }
  await decoder.end();
}

async function decode(contentEncoding: string | undefined, chunks: Iterable<Uint8Array>): Promise<Decoded> {
  const parts: Buffer[] = [];
  const decoder = open(contentEncoding, (bytes) => parts.push(Buffer.from(bytes)));
  await feed(decoder, chunks);
  return { body: Buffer.concat(parts), failure: decoder.failure };
}

async function usageOf(
  sample: Sample,
  contentEncoding: string,
  chunks: Iterable<Uint8Array>,
): Promise<Usage | null> {
  const meter = createMeter({ provider: sample.provider }, sample.head);
  const decoder = open(contentEncoding, (bytes) => meter.push(bytes));
  await feed(decoder, chunks);
  return meter.end(decoder.failure === null ? "complete" : "cut");
}

const text = Buffer.from("data: 京都 \n\n".repeat(500));

for (const { name, contentEncoding, encode } of encodings) {
  describe(`a body in ${name}`, () => {
    test("gives every sample's usage, in one piece, byte by byte and in random splits", async () => {
      for (const sample of samples) {
        const encoded = encode(sample.body);
        assert.deepEqual(
          await usageOf(sample, contentEncoding, [new Uint8Array(encoded)]),
          sample.used,
          sample.name,
        );
        assert.deepEqual(
          await usageOf(sample, contentEncoding, singleBytes(encoded)),
          sample.used,
          sample.name,
        );
      }
      const split = fc.asyncProperty(fc.constantFrom(...samples), cuts, async (sample, shares) => {
        const chunks = pieces(encode(sample.body), shares);
        assert.deepEqual(await usageOf(sample, contentEncoding, chunks), sample.used);
      });
      await fc.assert(split, { numRuns: 100 });
    });

    test("cut anywhere gives what came until then, and that is no failure", async () => {
      const encoded = encode(text);
      for (let length = 0; length < encoded.length; length += Math.ceil(encoded.length / 40)) {
        const { body, failure } = await decode(contentEncoding, [
          new Uint8Array(encoded.subarray(0, length)),
        ]);
        assert.ok(text.subarray(0, body.length).equals(body), `${length} bytes`);
        assert.equal(failure, null, `${length} bytes`);
      }
    });

    test("cut anywhere never gives more than its usage", async () => {
      const share = fc.double({ min: 0, max: 1, noNaN: true });
      const cut = fc.asyncProperty(fc.constantFrom(...metered), share, async (sample, kept) => {
        const encoded = encode(sample.body);
        const part = new Uint8Array(encoded.subarray(0, Math.floor(kept * encoded.length)));
        const known = await usageOf(sample, contentEncoding, [part]);
        for (const count of countNames) assert.ok((known?.[count] ?? 0) <= sample.used[count], count);
      });
      await fc.assert(cut, { numRuns: 60 });
    });

    test("with bytes overwritten never throws, and always ends", async () => {
      const edits = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 })), {
        maxLength: 4,
      });
      const damaged = fc.asyncProperty(
        fc.constantFrom(...samples),
        edits,
        cuts,
        async (sample, places, shares) => {
          const encoded = encode(sample.body);
          for (const [place, byte] of places) encoded[Math.floor(place * (encoded.length - 1))] = byte;
          await usageOf(sample, contentEncoding, pieces(encoded, shares));
        },
      );
      await fc.assert(damaged, { numRuns: 100 });
    });

    test("is read no further than it may inflate to", async () => {
      const bomb = encode(Buffer.alloc(MAX_INFLATED_BYTES + 1024 * 1024));
      let bytes = 0;
      const decoder = open(contentEncoding, (inflated) => {
        bytes += inflated.length;
      });
      await feed(decoder, pieces(bomb, [0.2, 0.4, 0.6, 0.8, 0.95]));
      assert.equal(decoder.failure, "too-large");
      assert.ok(bytes <= MAX_INFLATED_BYTES && bytes > MAX_INFLATED_BYTES - 1024 * 1024, `${bytes}`);
    });
  });
}

test("what is not compressed is handed on within the call", () => {
  for (const contentEncoding of [undefined, "", "identity", " Identity , identity"]) {
    const got: Uint8Array[] = [];
    void open(contentEncoding, (bytes) => got.push(bytes)).push(Uint8Array.of(1, 2));
    assert.deepEqual(got, [Uint8Array.of(1, 2)]);
  }
});

test("a coding that nothing here decodes has no decoder, nor have two codings in a row", () => {
  for (const contentEncoding of ["compress", "gzip, br", "snappy", "toString", "plain"]) {
    assert.equal(
      createBodyDecoder(contentEncoding, () => {}),
      null,
      contentEncoding,
    );
  }
});

test("a body that is called gzip and is none is read as it is", async () => {
  for (const chunks of [[new Uint8Array(text)], singleBytes(text), [Uint8Array.of(0x7b)]]) {
    const expected = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));
    assert.deepEqual(await decode("gzip", chunks), { body: expected, failure: null });
  }
});

test("what stands behind the end of a gzip body is no part of it", async () => {
  const trailing = Buffer.concat([zlib.gzipSync(text), Buffer.alloc(512)]);
  for (const chunks of [[new Uint8Array(trailing)], pieces(trailing, [0.5, 0.9])]) {
    assert.deepEqual((await decode("gzip", chunks)).body, text);
  }
});

test("a corrupt body is a failure, and what came before it is kept", async () => {
  const encoded = zlib.gzipSync(text, { level: 0 });
  encoded.fill(0xff, encoded.length - 8);
  const { body, failure } = await decode("gzip", pieces(encoded, [1 - 8 / encoded.length]));
  assert.equal(failure, "corrupt");
  assert.deepEqual(body, text);
});
