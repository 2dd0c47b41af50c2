import { BoundedBytes } from "./bounded-bytes.js";
import { crc32 } from "./crc32.js";
import { decodeUtf8 } from "./utf8.js";

/** The prelude (length of the message, length of its headers, and a checksum of the two), and the checksum at the end. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const MAX_MESSAGE_BYTES = 24 * 1024 * 1024;
const MAX_HEADERS_BYTES = 128 * 1024;

/** The bytes of a header's value by its type, where that says it: true, false, byte, short, int, long, …, timestamp, uuid. */
const VALUE_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 };
const BYTES_TYPE = 6;
const STRING_TYPE = 7;

/** What hears of the messages of a stream. */
export interface MessageSink {
  /** The next bytes of the current message's payload, not yet checked. A view: it holds during the call. */
  payload(bytes: Uint8Array): void;
  /** The current message is over, and its checksum is right. Headers of text alone. */
  message(headers: ReadonlyMap<string, string>): void;
  /** The current message is over, and its checksum is wrong. */
  damaged(): void;
}

type Part = "prelude" | "headers" | "payload" | "checksum";

/**
 * Reads `application/vnd.amazon.eventstream`, the framing of Bedrock's streams, as its bytes pass: a payload is handed on
 * in pieces, so a message of any size costs its headers alone. A prelude whose checksum is wrong ends the reading, because
 * nothing then says where the next message starts.
 */
export class AwsEventStreamParser {
  readonly #sink: MessageSink;
  readonly #collected = new BoundedBytes(MAX_HEADERS_BYTES);
  #part: Part = "prelude";
  #isBroken = false;
  /** Bytes of the current part that have not come yet. */
  #missing = PRELUDE_BYTES;
  #payloadBytes = 0;
  #crc = 0;
  #headers: ReadonlyMap<string, string> = new Map();

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** Whether the bytes so far stop between two messages. */
  get isBetweenMessages(): boolean {
    return this.#part === "prelude" && this.#collected.length === 0 && !this.#isBroken;
  }

  push(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0 && !this.#isBroken) {
      const piece = rest.subarray(0, this.#missing);
      rest = rest.subarray(piece.length);
      this.#missing -= piece.length;
      if (this.#part === "payload") {
        this.#crc = crc32(piece, this.#crc);
        this.#sink.payload(piece);
      } else this.#collected.append(piece);
      while (this.#missing === 0 && !this.#isBroken) this.#endPart();
    }
  }

  #endPart(): void {
    const bytes = this.#collected.view();
    if (this.#part === "prelude") this.#readPrelude(bytes);
    else if (this.#part === "headers") {
      this.#crc = crc32(bytes, this.#crc);
      this.#headers = readHeaders(bytes);
      this.#begin("payload", this.#payloadBytes);
    } else if (this.#part === "payload") this.#begin("checksum", CHECKSUM_BYTES);
    else {
      if (uint32(bytes, 0) === this.#crc) this.#sink.message(this.#headers);
      else this.#sink.damaged();
      this.#begin("prelude", PRELUDE_BYTES);
    }
  }

  #readPrelude(bytes: Uint8Array): void {
    const [messageBytes, headersBytes] = [uint32(bytes, 0), uint32(bytes, 4)];
    this.#payloadBytes = messageBytes - headersBytes - PRELUDE_BYTES - CHECKSUM_BYTES;
    this.#crc = crc32(bytes);
    const isRight = crc32(bytes.subarray(0, 8)) === uint32(bytes, 8);
    const isPossible =
      messageBytes <= MAX_MESSAGE_BYTES && headersBytes <= MAX_HEADERS_BYTES && this.#payloadBytes >= 0;
    if (isRight && isPossible) this.#begin("headers", headersBytes);
    else this.#isBroken = true;
  }

  #begin(part: Part, bytes: number): void {
    this.#part = part;
    this.#missing = bytes;
    this.#collected.clear();
  }
}

/** The headers whose values are text. What cannot be read ends the list. */
function readHeaders(bytes: Uint8Array): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + (bytes[at] as number);
    const name = decodeUtf8(bytes.subarray(at + 1, nameEnd));
    const type = bytes[nameEnd] ?? -1;
    const hasLength = type === BYTES_TYPE || type === STRING_TYPE;
    const start = hasLength ? nameEnd + 3 : nameEnd + 1;
    const length = hasLength ? uint16(bytes, nameEnd + 1) : (VALUE_BYTES[type] ?? Number.POSITIVE_INFINITY);
    at = start + length;
    if (at > bytes.length) break;
    if (type === STRING_TYPE) headers.set(name, decodeUtf8(bytes.subarray(start, at)));
  }
  return headers;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x10000 + uint16(bytes, at + 2);
}
