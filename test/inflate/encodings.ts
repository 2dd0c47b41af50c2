import * as zlib from "node:zlib";
import { knownCodings } from "../../src/inflate/codings.js";

type Encode = (body: Uint8Array) => Buffer;

/** From 22.15 and 23.8 on. */
const { zstdCompressSync } = zlib as { zstdCompressSync?: Encode };

const FAST = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Every way to compress a body that this runtime knows, by what `content-encoding` calls it. */
export const encodings: readonly { name: string; contentEncoding: string; encode: Encode }[] = [
  { name: "gzip", contentEncoding: "gzip", encode: (body) => zlib.gzipSync(body) },
  { name: "gzip in two members", contentEncoding: "x-gzip", encode: inTwoMembers },
  { name: "zlib", contentEncoding: "deflate", encode: (body) => zlib.deflateSync(body) },
  {
    name: "zlib without compression",
    contentEncoding: "deflate",
    encode: (body) => zlib.deflateSync(body, { level: 0 }),
  },
  { name: "raw deflate", contentEncoding: "Deflate", encode: (body) => zlib.deflateRawSync(body) },
  {
    name: "raw deflate without compression",
    contentEncoding: "deflate",
    encode: (body) => zlib.deflateRawSync(body, { level: 0 }),
  },
  { name: "brotli", contentEncoding: "br, identity", encode: (body) => zlib.brotliCompressSync(body, FAST) },
  ...(zstdCompressSync && knownCodings.includes("zstd")
    ? [{ name: "zstd", contentEncoding: "zstd", encode: zstdCompressSync }]
    : []),
];

function inTwoMembers(body: Uint8Array): Buffer {
  const half = body.length >> 1;
  return Buffer.concat([zlib.gzipSync(body.subarray(0, half)), zlib.gzipSync(body.subarray(half))]);
}
