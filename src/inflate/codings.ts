import type { Transform } from "node:stream";
import * as zlib from "node:zlib";

/** What a compressed body turned out to be. `plain` is one that its header calls compressed and that is not. */
export type Coding = "gzip" | "zlib" | "raw-deflate" | "br" | "zstd" | "plain";

/** From 22.15 and 23.8 on. */
interface ZstdZlib {
  createZstdDecompress?: (options: { finishFlush: number }) => Transform;
}
const { createZstdDecompress }: ZstdZlib = zlib as ZstdZlib;
/** `ZSTD_e_flush` of zstd.h. */
const ZSTD_FLUSH = 1;

/** The codings of `content-encoding` that this runtime can decode (RFC 9110 section 8.4.1). */
export const knownCodings: readonly string[] = [
  "gzip",
  "deflate",
  "br",
  ...(createZstdDecompress ? ["zstd"] : []),
];

/** The coding that a header names, by its common name: null for none, undefined for one that cannot be decoded. */
export function namedCoding(contentEncoding: string | undefined): string | null | undefined {
  const names = (contentEncoding ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim().replace(/^x-gzip$/, "gzip"))
    .filter((name) => name !== "" && name !== "identity");
  const [name = null, ...others] = names;
  if (name === null) return null;
  return others.length === 0 && knownCodings.includes(name) ? name : undefined;
}

/** How many bytes of a body {@link detectCoding} looks at. */
export const DETECTION_BYTES = 2;

/**
 * What bytes that start so are, if they are of the coding `name`. `deflate` is meant to be zlib (RFC 1950), and some
 * send raw deflate (RFC 1951): a zlib header is divisible by 31, and no encoder starts a raw stream with such bits. A gzip
 * header that is not there was forgotten by whoever decoded the body before.
 */
export function detectCoding(name: string, [first = 0, second = 0]: Uint8Array): Coding {
  switch (name) {
    case "gzip":
      return first === 0x1f && second === 0x8b ? "gzip" : "plain";
    case "deflate":
      return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0 ? "zlib" : "raw-deflate";
    default:
      return name === "br" || name === "zstd" ? name : "plain";
  }
}

/** A decoder that gives what it can of a body that is cut off. */
export function createDecoder(coding: Exclude<Coding, "plain">): Transform {
  const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = zlib.constants;
  switch (coding) {
    case "gzip":
      return zlib.createGunzip({ finishFlush: Z_SYNC_FLUSH });
    case "zlib":
      return zlib.createInflate({ finishFlush: Z_SYNC_FLUSH });
    case "raw-deflate":
      return zlib.createInflateRaw({ finishFlush: Z_SYNC_FLUSH });
    case "br":
      return zlib.createBrotliDecompress({ finishFlush: BROTLI_OPERATION_FLUSH });
    case "zstd":
      if (!createZstdDecompress) throw new Error("this runtime knows no zstd");
      return createZstdDecompress({ finishFlush: ZSTD_FLUSH });
    default: {
      const unknown: never = coding;
      throw new Error(`unknown coding ${unknown}`);
    }
  }
}
