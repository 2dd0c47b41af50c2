import { decodeUtf8 } from "../metering/utf8.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/** Most strings are shorter than this, and looking at each byte is then faster than a native search. */
const SHORT_STRING_BYTES = 48;

/** The bytes that a number, `true`, `false` or `null` goes on with: all but space and structure. */
const isScalarByte = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0x20 && !'",:[]{}'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** What JSON.parse takes between quotes. An exception for each string takes far longer. */
const isWellFormed = /^(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*$/;

export type JsonToken =
  | "object"
  | "object-end"
  | "array"
  | "array-end"
  | "key"
  | "string"
  /** A number, `true`, `false` or `null`. */
  | "scalar"
  /** The document is whole, and nothing but space is behind it. */
  | "end"
  /** The bytes stop within the document; within the token that they stop in, where they do. */
  | "cut"
  /** No JSON from here on. */
  | "malformed";

type Place = "root" | "first-key" | "key" | "first-element" | "value" | "after-value" | "behind";

/**
 * Reads one JSON object or array (RFC 8259) token by token, with the offsets of each, and holds nothing but the kinds of
 * what is open. Structure is checked; what is in strings and scalars is not: servers are lenient there (Python's take
 * `NaN`), and what they serve should not go unread.
 */
export class JsonTokens {
  readonly #bytes: Uint8Array;
  /** Whether each that is open is an object, the outermost first. */
  readonly #open: boolean[] = [];
  #isInObject = false;
  #place: Place = "root";
  #at: number;
  #start = 0;
  #end = 0;
  #last: JsonToken | null = null;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    // RFC 8259 lets a reader pass over a byte order mark, and many do.
    this.#at = BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte) ? BYTE_ORDER_MARK.length : 0;
  }

  /** Where the token starts, with its quote if it has one. */
  get start(): number {
    return this.#start;
  }

  /** Where it ends: the offset behind its last byte. */
  get end(): number {
    return this.#end;
  }

  /** Objects and arrays open around what comes next: 1 for a member of the outermost object and its key. */
  get depth(): number {
    return this.#open.length;
  }

  /** Whether what comes next, and any key or value just read, is in an object, not in an array. */
  get isInObject(): boolean {
    return this.#isInObject;
  }

  /** The next token. The last three kinds stay. */
  next(): JsonToken {
    const token = this.#last ?? this.#read();
    if (token !== "key") this.#end = this.#at;
    return token;
  }

  #read(): JsonToken {
    let byte = this.#skipSpace();
    if (byte === COMMA && this.#place === "after-value") {
      this.#place = this.#isInObject ? "key" : "value";
      this.#at += 1;
      byte = this.#skipSpace();
    }
    this.#start = this.#at;
    if (byte === undefined) return this.#stop(this.#place === "behind" ? "end" : "cut");
    switch (this.#place) {
      case "root":
        return byte === OPEN_BRACE || byte === OPEN_BRACKET
          ? this.#takeOpening(byte)
          : this.#stop("malformed");
      case "first-key":
        return byte === CLOSE_BRACE ? this.#takeClosing() : this.#takeKey(byte);
      case "key":
        return this.#takeKey(byte);
      case "first-element":
        return byte === CLOSE_BRACKET ? this.#takeClosing() : this.#takeValue(byte);
      case "value":
        return this.#takeValue(byte);
      case "after-value":
        return byte === (this.#isInObject ? CLOSE_BRACE : CLOSE_BRACKET)
          ? this.#takeClosing()
          : this.#stop("malformed");
      case "behind":
        return this.#stop("malformed");
    }
  }

  /** The text of the key or string just read: null if it is longer than `maxBytes` or malformed. */
  text(maxBytes: number): string | null {
    const from = this.#start + 1;
    const end = this.#end - 1;
    if (end - from > maxBytes) return null;
    const raw = decodeShort(this.#bytes, from, end);
    if (!raw.includes("\\")) return raw;
    return isWellFormed.test(raw) ? JSON.parse(`"${raw}"`) : null;
  }

  #takeOpening(byte: number): JsonToken {
    this.#isInObject = byte === OPEN_BRACE;
    this.#open.push(this.#isInObject);
    this.#place = this.#isInObject ? "first-key" : "first-element";
    this.#at += 1;
    return this.#isInObject ? "object" : "array";
  }

  #takeClosing(): JsonToken {
    const isObject = this.#open.pop();
    this.#isInObject = this.#open[this.#open.length - 1] ?? false;
    this.#place = this.#open.length === 0 ? "behind" : "after-value";
    this.#at += 1;
    return isObject ? "object-end" : "array-end";
  }

  #takeKey(byte: number): JsonToken {
    if (byte !== QUOTE) return this.#stop("malformed");
    const end = closeString(this.#bytes, this.#at + 1);
    if (end === -1) return this.#stop("cut");
    this.#at = end;
    this.#end = end;
    const next = this.#skipSpace();
    if (next !== COLON) return this.#stop(next === undefined ? "cut" : "malformed");
    this.#at += 1;
    this.#place = "value";
    return "key";
  }

  #takeValue(byte: number): JsonToken {
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return this.#takeOpening(byte);
    this.#place = "after-value";
    if (byte === QUOTE) {
      const end = closeString(this.#bytes, this.#at + 1);
      if (end === -1) return this.#stop("cut");
      this.#at = end;
      return "string";
    }
    while (isScalarByte[this.#bytes[this.#at] ?? 0] === 1) this.#at += 1;
    if (this.#at === this.#start) return this.#stop("malformed");
    // A scalar shows its end only by what follows, so a number cut by the end of the bytes never counts.
    return this.#at === this.#bytes.length ? this.#stop("cut") : "scalar";
  }

  #stop(token: "end" | "cut" | "malformed"): JsonToken {
    this.#last = token;
    this.#at = this.#bytes.length;
    return token;
  }

  #skipSpace(): number | undefined {
    let byte = this.#bytes[this.#at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = this.#bytes[++this.#at];
    return byte;
  }
}

/** Most names are a few letters, and a decoder takes longer to start than to put those together. */
function decodeShort(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 24) return decodeUtf8(bytes.subarray(start, end));
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return decodeUtf8(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

/** The offset behind the quote that closes the string whose text starts at `from`, -1 where none does. */
function closeString(bytes: Uint8Array, from: number): number {
  let at = from;
  const shortEnd = Math.min(bytes.length, from + SHORT_STRING_BYTES);
  while (at < shortEnd) {
    const byte = bytes[at++];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  // Where the last backslash was in front of the end, its partner is passed over, and is no backslash to count.
  let textFrom = at;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) return -1;
    let backslashes = 0;
    while (quote - backslashes > textFrom && bytes[quote - backslashes - 1] === BACKSLASH) backslashes += 1;
    at = quote + 1;
    if (backslashes % 2 === 0) return at;
    textFrom = at;
  }
}
