import type { Transform } from "node:stream";
import { createDecoder, DETECTION_BYTES, detectCoding, namedCoding } from "./codings.js";

/** The most that a body may inflate to: what comes after is not decoded. */
export const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

/** Why a body was not decoded to its end. */
export type DecodingFailure = "corrupt" | "too-large";

/** Takes the bytes of one body as they come and hands them on decoded. */
export interface BodyDecoder {
  /** The next bytes, split anywhere. Resolves when what they decode to has been handed on; never rejects. */
  push(chunk: Uint8Array): Promise<void>;
  /** Resolves when all that there is has been handed on; never rejects. What is cut off is no failure. */
  end(): Promise<void>;
  readonly failure: DecodingFailure | null;
}

/**
 * A decoder for a body with that `content-encoding`; null where it names what cannot be decoded here.
 * @param onBytes gets the decoded bytes, in pieces of some kilobytes
 */
export function createBodyDecoder(
  contentEncoding: string | undefined,
  onBytes: (bytes: Uint8Array) => void,
): BodyDecoder | null {
  const coding = namedCoding(contentEncoding);
  if (coding === undefined) return null;
  return coding === null ? new PlainBody(onBytes) : new CompressedBody(coding, onBytes);
}

/** A body without coding, handed on within the call. */
class PlainBody implements BodyDecoder {
  readonly failure = null;
  readonly #onBytes: (bytes: Uint8Array) => void;

  constructor(onBytes: (bytes: Uint8Array) => void) {
    this.#onBytes = onBytes;
  }

  async push(chunk: Uint8Array): Promise<void> {
    this.#onBytes(chunk);
  }

  async end(): Promise<void> {}
}

/** A body whose bytes zlib decodes on its own threads, in order. */
class CompressedBody implements BodyDecoder {
  readonly #coding: string;
  readonly #onBytes: (bytes: Uint8Array) => void;
  /** The bytes before there are enough to tell what they are. */
  #head = Buffer.alloc(0);
  #stream: Transform | "plain" | null = null;
  /** Who waits until zlib has taken a chunk, or takes no more. */
  readonly #waiting = new Set<() => void>();
  #inflatedBytes = 0;
  #failure: DecodingFailure | null = null;

  constructor(coding: string, onBytes: (bytes: Uint8Array) => void) {
    this.#coding = coding;
    this.#onBytes = onBytes;
  }

  get failure(): DecodingFailure | null {
    return this.#failure;
  }

  async push(chunk: Uint8Array): Promise<void> {
    // zlib reads a chunk later, and its owner may use the memory again.
    const bytes = Buffer.concat([this.#head, chunk]);
    if (this.#stream === null && bytes.length < DETECTION_BYTES) {
      this.#head = bytes;
      return;
    }
    this.#head = this.#head.subarray(0, 0);
    this.#stream ??= this.#open(bytes);
    await this.#write(this.#stream, bytes);
  }

  async end(): Promise<void> {
    if (this.#stream === null) {
      this.#stream = this.#open(this.#head);
      void this.#write(this.#stream, this.#head);
    }
    const stream = this.#stream;
    if (stream === "plain" || stream.closed) return;
    await new Promise<void>((resolve) => {
      stream.once("close", resolve);
      if (stream.writable) stream.end();
    });
  }

  #open(bytes: Uint8Array): Transform | "plain" {
    const coding = detectCoding(this.#coding, bytes);
    if (coding === "plain") return coding;
    const stream = createDecoder(coding);
    stream.on("data", (inflated: Buffer) => this.#take(stream, inflated));
    stream.once("error", () => {
      this.#failure ??= "corrupt";
    });
    // Behind the end of what is compressed zlib takes nothing more, and does not say so to who writes.
    stream.once("end", () => stream.destroy());
    stream.once("close", () => {
      for (const resolve of this.#waiting) resolve();
    });
    return stream;
  }

  async #write(stream: Transform | "plain", bytes: Buffer): Promise<void> {
    if (stream === "plain") this.#onBytes(bytes);
    else if (stream.writable) {
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#waiting.delete(done);
          resolve();
        };
        this.#waiting.add(done);
        stream.write(bytes, done);
      });
    }
  }

  #take(stream: Transform, inflated: Buffer): void {
    if (this.#failure !== null) return;
    this.#inflatedBytes += inflated.length;
    if (this.#inflatedBytes <= MAX_INFLATED_BYTES) this.#onBytes(inflated);
    else {
      this.#failure = "too-large";
      stream.destroy();
    }
  }
}
