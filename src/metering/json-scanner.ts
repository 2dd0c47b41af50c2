import { BoundedBytes } from "./bounded-bytes.js";
import { parseJson } from "./json-object.js";
import { decodeUtf8 } from "./utf8.js";

/** The longest value a scanner captures, in bytes; a longer one is passed over. */
export const MAX_MEMBER_BYTES = 64 * 1024;
/** Room for any wanted name, even with each of its characters written as \uXXXX. */
const MAX_KEY_BYTES = 512;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

type State =
  | "before-root"
  | "before-first-key"
  | "before-key"
  | "in-key"
  | "before-colon"
  | "before-value"
  | "in-string"
  | "in-scalar"
  | "in-nested"
  | "in-nested-string"
  | "after-value"
  | "after-root"
  | "malformed";

/**
 * Reads one JSON object (RFC 8259) as its bytes pass and hands over the wanted members of the root, parsed, each as
 * soon as it closes. Nothing else is held: a body of any size costs at most {@link MAX_MEMBER_BYTES}.
 *
 * UTF-8 needs no care while scanning: bytes of multi-byte characters are all above 0x7f and so never look like
 * structure. Values that are not wanted are only checked for balance. After malformed JSON nothing more is captured.
 */
export class JsonScanner {
  readonly #wanted: ReadonlySet<string>;
  readonly #onMember: (name: string, value: unknown) => void;
  readonly #key = new BoundedBytes(MAX_KEY_BYTES);
  readonly #value = new BoundedBytes(MAX_MEMBER_BYTES);
  #state: State = "before-root";
  #depth = 0;
  /** A backslash ended the previous chunk: its partner is the first byte of the next. */
  #isEscaped = false;
  /** The wanted member whose value is passing. */
  #member: string | null = null;
  /** Where in the current chunk the text being collected starts. */
  #from = 0;

  constructor(wanted: Iterable<string>, onMember: (name: string, value: unknown) => void) {
    this.#wanted = new Set(wanted);
    this.#onMember = onMember;
  }

  /** Whether the root object has closed and nothing but space followed. */
  get isClosed(): boolean {
    return this.#state === "after-root";
  }

  push(chunk: Uint8Array): void {
    this.#from = 0;
    let at = 0;
    while (at < chunk.length && this.#state !== "malformed") at = this.#step(chunk, at);
    const rest = chunk.subarray(this.#from);
    if (this.#state === "in-key") this.#key.append(rest);
    else if (this.#member !== null && this.#state.startsWith("in-")) this.#value.append(rest);
  }

  /** Reads on from `at` and returns where the next step starts. */
  #step(chunk: Uint8Array, at: number): number {
    switch (this.#state) {
      case "in-nested":
        return this.#skipNested(chunk, at);
      case "in-nested-string":
        return this.#skipString(chunk, at, "in-nested");
      case "in-string":
        return this.#skipString(chunk, at, "after-value");
      case "in-key":
        return this.#skipString(chunk, at, "before-colon");
      case "in-scalar":
        return this.#skipScalar(chunk, at);
      default:
        if (!isSpace(chunk[at])) this.#takeStructure(chunk[at], at);
        return at + 1;
    }
  }

  /** One byte that is neither space nor part of a key or a value. */
  #takeStructure(byte: number | undefined, at: number): void {
    const state = this.#state;
    if (state === "before-value") this.#openValue(byte, at);
    else if (state === "before-root" && byte === OPEN_BRACE) this.#state = "before-first-key";
    else if (state === "before-colon" && byte === COLON) this.#state = "before-value";
    else if (state === "after-value" && byte === COMMA) this.#state = "before-key";
    else if ((state === "after-value" || state === "before-first-key") && byte === CLOSE_BRACE) {
      this.#state = "after-root";
    } else if ((state === "before-key" || state === "before-first-key") && byte === QUOTE) {
      this.#state = "in-key";
      this.#key.clear();
      this.#from = at + 1;
    } else this.#state = "malformed";
  }

  #openValue(byte: number | undefined, at: number): void {
    this.#from = at;
    if (byte === QUOTE) this.#state = "in-string";
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#state = "in-nested";
      this.#depth = 1;
    } else if (isValueEnd(byte) || byte === COLON) this.#state = "malformed";
    else this.#state = "in-scalar";
  }

  /** Ends the key (whose closing quote is before `end`) or the value whose last byte is before `end`. */
  #close(chunk: Uint8Array, end: number, next: State): void {
    this.#state = next;
    if (next === "before-colon") {
      this.#key.append(chunk.subarray(this.#from, end - 1));
      this.#member = this.#wantedName();
    } else if (this.#member !== null) {
      this.#value.append(chunk.subarray(this.#from, end));
      this.#deliver(this.#member);
      this.#member = null;
    }
  }

  #wantedName(): string | null {
    if (this.#key.hasOverflowed) return null;
    const raw = decodeUtf8(this.#key.view());
    const name = raw.includes("\\") ? parseJson(`"${raw}"`) : raw;
    return typeof name === "string" && this.#wanted.has(name) ? name : null;
  }

  #deliver(name: string): void {
    if (!this.#value.hasOverflowed) {
      const value = parseJson(decodeUtf8(this.#value.view()));
      if (value === undefined) this.#state = "malformed";
      else this.#onMember(name, value);
    }
    this.#value.clear();
  }

  #skipString(chunk: Uint8Array, start: number, next: State): number {
    let at = this.#isEscaped ? start + 1 : start;
    this.#isEscaped = false;
    while (at < chunk.length) {
      const byte = chunk[at++];
      if (byte === QUOTE) {
        if (next === "in-nested") this.#state = next;
        else this.#close(chunk, at, next);
        return at;
      }
      if (byte === BACKSLASH) at += 1;
    }
    this.#isEscaped = at > chunk.length;
    return chunk.length;
  }

  #skipNested(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length) {
      const byte = chunk[at++] as number;
      if (byte === QUOTE) {
        this.#state = "in-nested-string";
        return at;
      }
      // Brackets and braces differ only in bit 0x20, and nothing else maps to the same two bytes.
      const bracket = byte & ~0x20;
      if (bracket === OPEN_BRACKET) this.#depth += 1;
      else if (bracket === CLOSE_BRACKET && --this.#depth === 0) {
        this.#close(chunk, at, "after-value");
        return at;
      }
    }
    return at;
  }

  #skipScalar(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length && !isSpace(chunk[at]) && !isValueEnd(chunk[at])) at += 1;
    // A scalar shows its end only by what follows, so a number cut by the end of the body never counts.
    if (at < chunk.length) this.#close(chunk, at, "after-value");
    return at;
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isValueEnd(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET;
}
