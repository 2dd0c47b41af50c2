import { BoundedBytes } from "../metering/bounded-bytes.js";
import { isJsonObject, parseJson } from "../metering/json-object.js";
import { EventStreamParser } from "../metering/sse.js";
import { decodeUtf8 } from "../metering/utf8.js";

/** The longest event that is held, in bytes. The chunk looked for has a few hundred; a longer event passes. */
export const MAX_HELD_BYTES = 64 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/**
 * Takes the chunk with the usage out of an OpenAI event stream, for a client that did not ask for it and may fail on its
 * empty list of `choices`.
 *
 * All else passes byte by byte. An event is held until its empty line: no client could do anything with it before.
 * Comments in front of one, which keep connections open, pass line by line. Where the stream is cut into chunks changes
 * nothing.
 */
export class UsageEventFilter {
  /** What came of the event, or of the comment in front of one, that the bytes are in. */
  readonly #held = new BoundedBytes(MAX_HELD_BYTES);
  #isTooLong = false;
  #isStart = true;
  #isComment = false;
  #isLineEmpty = true;
  /** A CR ended the last line: an LF right behind it belongs to the same line end, even in the next chunk. */
  #isAfterCr = false;
  /** Whether the last event was taken out. */
  #isDropped = false;
  #passed: Uint8Array[] = [];

  /** The next bytes of the stream; returns those to pass on now, perhaps as a view of the chunk. */
  push(chunk: Uint8Array): Uint8Array {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      const isSecondHalf = byte === LF && this.#isAfterCr;
      this.#isAfterCr = byte === CR;
      if (isSecondHalf) {
        if (!this.#isStart) continue;
        // The rest of the line end of the event before goes where the event went.
        if (!this.#isDropped) this.#passed.push(chunk.subarray(from, at + 1));
        from = at + 1;
      } else if (byte !== LF && byte !== CR) {
        if (this.#isStart) this.#isComment = byte === COLON;
        this.#isStart = false;
        this.#isLineEmpty = false;
      } else if (this.#isLineEmpty || this.#isComment) {
        this.#hold(chunk.subarray(from, at + 1));
        this.#release();
        from = at + 1;
      } else this.#isLineEmpty = true;
    }
    this.#hold(chunk.subarray(from));
    return this.#takePassed();
  }

  /** The stream is over, and so is the event it stops in. Returns the last bytes to pass on. */
  end(): Uint8Array {
    this.#release();
    return this.#takePassed();
  }

  #hold(bytes: Uint8Array): void {
    if (!this.#isTooLong && this.#held.length + bytes.length > MAX_HELD_BYTES) {
      this.#isTooLong = true;
      this.#passHeld();
    }
    if (this.#isTooLong) this.#passed.push(bytes);
    else this.#held.append(bytes);
  }

  /** What is held is whole. */
  #release(): void {
    this.#isDropped = !this.#isTooLong && isUsageEvent(this.#held.view());
    if (!this.#isDropped) this.#passHeld();
    this.#held.clear();
    this.#isTooLong = false;
    this.#isStart = true;
    this.#isComment = false;
    this.#isLineEmpty = true;
  }

  #passHeld(): void {
    this.#passed.push(new Uint8Array(this.#held.view()));
    this.#held.clear();
  }

  #takePassed(): Uint8Array {
    const passed = this.#passed.filter(({ length }) => length > 0);
    this.#passed = [];
    return passed.length === 1 && passed[0] ? passed[0] : concatenate(passed);
  }
}

/**
 * Whether it is the chunk that `stream_options.include_usage` adds: its `choices` are empty and its `usage` is not null
 * (OpenAI API reference, chat completions). Azure's first chunk, with the results of its content filter, has empty
 * `choices` too, but no usage.
 */
function isUsageEvent(event: Uint8Array): boolean {
  let data = "";
  const parser = new EventStreamParser({
    data: (bytes) => {
      data += decodeUtf8(bytes);
    },
    dispatch: () => {},
  });
  parser.push(event);
  parser.end();
  // Hardly any other event has an empty list, and looking for one is faster than parsing.
  if (!/\[\s*\]/.test(data)) return false;
  const document = parseJson(data);
  if (!isJsonObject(document)) return false;
  const { choices, usage } = document;
  return Array.isArray(choices) && choices.length === 0 && isJsonObject(usage);
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
