import { BoundedBytes } from "./bounded-bytes.js";
import { type JsonObject, parseJson } from "./json-object.js";
import { isTextName, textNames } from "./text-names.js";
import { decodeUtf8 } from "./utf8.js";
import type { WantedMembers } from "./wanted-members.js";
import type { TextSink } from "./written-text.js";

/** The longest value a scanner captures, in bytes; a longer one is passed over. */
export const MAX_MEMBER_BYTES = 64 * 1024;
/** Room for any wanted name, even with each of its characters written as \uXXXX. */
const MAX_KEY_BYTES = 512;
/** Most strings are shorter than this, and looking at each byte is then faster than a native search. */
const SHORT_STRING_BYTES = 48;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

type State =
  | "between-documents"
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
  | "malformed";

/** An object whose end has not come yet, with what has been captured of it. */
interface OpenObject {
  readonly wanted: WantedMembers;
  readonly captured: Record<string, unknown>;
  readonly parent: OpenObject | null;
}

/**
 * Reads JSON objects (RFC 8259) as their bytes pass and hands each over with its wanted members alone: one object,
 * several one behind the other (NDJSON, whatever the lines), or the elements of one array. Nothing else is held: a body
 * of any size costs at most {@link MAX_MEMBER_BYTES} and what was captured.
 *
 * UTF-8 needs no care while scanning: bytes of multi-byte characters are all above 0x7f and so never look like
 * structure. Values that are not wanted are only checked for balance. The texts in any of them go to `text`. After
 * malformed JSON nothing more is captured.
 */
export class JsonScanner {
  readonly #wanted: WantedMembers;
  readonly #onDocument: (document: JsonObject) => void;
  readonly #text: TextSink;
  readonly #key = new BoundedBytes(MAX_KEY_BYTES);
  readonly #value = new BoundedBytes(MAX_MEMBER_BYTES);
  #state: State = "between-documents";
  /** Whether the documents are the elements of an array, and it has closed. */
  #array: "none" | "open" | "closed" = "none";
  #hasDocuments = false;
  #object: OpenObject | null = null;
  #depth = 0;
  /** A backslash ended the previous chunk: its partner is the first byte of the next. */
  #isEscaped = false;
  /** The member whose value comes or passes, and what is wanted of it. */
  #member = "";
  #memberWanted: WantedMembers | null | undefined;
  /** Where in the current chunk what is being collected starts. */
  #from = 0;
  /** The same for a string that may be a text, or the name of one, within a value. */
  #stringFrom = 0;
  /** Whether the string that passes, or comes, is a text. */
  #isText = false;
  /** Whether a string that may have named a text has just passed, within a value. */
  #isAfterName = false;

  constructor(wanted: WantedMembers, onDocument: (document: JsonObject) => void, text: TextSink) {
    this.#wanted = wanted;
    this.#onDocument = onDocument;
    this.#text = text;
  }

  /** Whether the bytes so far are whole documents, with nothing but space behind the last. */
  get isClosed(): boolean {
    return this.#state === "between-documents" && this.#hasDocuments && this.#array !== "open";
  }

  push(chunk: Uint8Array): void {
    this.#from = 0;
    this.#stringFrom = 0;
    let at = 0;
    while (at < chunk.length && this.#state !== "malformed") at = this.#step(chunk, at);
    if (this.#state === "in-key") this.#key.append(chunk.subarray(this.#from));
    else if (this.#memberWanted === null && this.#state.startsWith("in-")) {
      this.#value.append(chunk.subarray(this.#from));
    }
    const isString = this.#state === "in-string" || this.#state === "in-nested-string";
    if (isString && this.#isText) this.#text.append(chunk.subarray(this.#stringFrom));
    else if (this.#state === "in-nested-string" && !this.#key.hasOverflowed) {
      this.#key.append(chunk.subarray(this.#stringFrom));
    }
  }

  /** Hands over what was captured of the document that the bytes stop in. */
  end(): void {
    let open = this.#object;
    while (open?.parent) open = open.parent;
    this.#object = null;
    if (open) this.#onDocument(open.captured);
  }

  /** Reads on from `at` and returns where the next step starts. */
  #step(chunk: Uint8Array, at: number): number {
    switch (this.#state) {
      case "in-nested":
        return this.#skipNested(chunk, at);
      case "in-nested-string":
      case "in-string":
      case "in-key":
        return this.#skipString(chunk, at);
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
    else if (state === "between-documents") this.#takeBetween(byte);
    else if (state === "before-colon" && byte === COLON) this.#state = "before-value";
    else if (state === "after-value" && byte === COMMA) this.#state = "before-key";
    else if ((state === "after-value" || state === "before-first-key") && byte === CLOSE_BRACE) {
      this.#closeObject();
    } else if ((state === "before-key" || state === "before-first-key") && byte === QUOTE) {
      this.#state = "in-key";
      this.#key.clear();
      this.#from = at + 1;
    } else this.#state = "malformed";
  }

  #takeBetween(byte: number | undefined): void {
    const isInArray = this.#array === "open";
    if (byte === OPEN_BRACE && this.#array !== "closed") this.#openObject(this.#wanted);
    else if (byte === OPEN_BRACKET && this.#array === "none" && !this.#hasDocuments) this.#array = "open";
    else if (byte === CLOSE_BRACKET && isInArray) this.#array = "closed";
    else if (byte !== COMMA || !isInArray) this.#state = "malformed";
  }

  #openObject(wanted: WantedMembers): void {
    this.#object = { wanted, captured: Object.create(null), parent: this.#object };
    this.#state = "before-first-key";
  }

  #closeObject(): void {
    const closed = this.#object as OpenObject;
    this.#object = closed.parent;
    this.#state = "after-value";
    if (closed.parent !== null) return;
    this.#state = "between-documents";
    this.#hasDocuments = true;
    this.#onDocument(closed.captured);
  }

  #openValue(byte: number | undefined, at: number): void {
    const wanted = this.#memberWanted;
    this.#from = at;
    if (byte === QUOTE) {
      this.#state = "in-string";
      this.#stringFrom = at + 1;
      this.#isText = textNames.has(this.#member);
    } else if (byte === OPEN_BRACE && wanted) {
      const { captured } = this.#object as OpenObject;
      this.#openObject(wanted);
      captured[this.#member] = this.#object?.captured;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#state = "in-nested";
      this.#depth = 1;
    } else if (isValueEnd(byte) || byte === COLON) this.#state = "malformed";
    else this.#state = "in-scalar";
  }

  /** Ends the key whose closing quote is before `end`. */
  #closeKey(chunk: Uint8Array, end: number): void {
    this.#state = "before-colon";
    this.#key.append(chunk.subarray(this.#from, end - 1));
    this.#member = "";
    this.#memberWanted = undefined;
    if (this.#key.hasOverflowed) return;
    const raw = decodeUtf8(this.#key.view());
    const name = raw.includes("\\") ? parseJson(`"${raw}"`) : raw;
    if (typeof name !== "string") return;
    this.#member = name;
    this.#memberWanted = this.#object?.wanted.get(name);
  }

  /** Ends the value whose last byte is before `end`. */
  #closeValue(chunk: Uint8Array, end: number): void {
    this.#state = "after-value";
    if (this.#memberWanted !== null) return;
    this.#value.append(chunk.subarray(this.#from, end));
    if (!this.#value.hasOverflowed) {
      const value = parseJson(decodeUtf8(this.#value.view()));
      if (value === undefined) this.#state = "malformed";
      else if (this.#object) this.#object.captured[this.#member] = value;
    }
    this.#value.clear();
  }

  #skipString(chunk: Uint8Array, start: number): number {
    let at = this.#isEscaped ? start + 1 : start;
    this.#isEscaped = false;
    const shortEnd = Math.min(chunk.length, at + SHORT_STRING_BYTES);
    while (at < shortEnd) {
      const byte = chunk[at++];
      if (byte === QUOTE) return this.#closeString(chunk, at);
      if (byte === BACKSLASH) at += 1;
    }
    while (at < chunk.length) {
      const quote = chunk.indexOf(QUOTE, at);
      const end = quote === -1 ? chunk.length : quote;
      const isEscaped = countBackslashes(chunk, at, end) % 2 === 1;
      if (quote === -1) {
        this.#isEscaped = isEscaped;
        return chunk.length;
      }
      at = quote + 1;
      if (!isEscaped) return this.#closeString(chunk, at);
    }
    this.#isEscaped = at > chunk.length;
    return chunk.length;
  }

  #closeString(chunk: Uint8Array, end: number): number {
    if (this.#state === "in-key") this.#closeKey(chunk, end);
    else if (this.#state === "in-nested-string") this.#closeNestedString(chunk, end);
    else {
      if (this.#isText) this.#closeText(chunk, end);
      this.#closeValue(chunk, end);
    }
    return end;
  }

  #openNestedString(start: number): void {
    this.#state = "in-nested-string";
    this.#stringFrom = start;
    this.#key.clear();
  }

  #closeNestedString(chunk: Uint8Array, end: number): void {
    this.#state = "in-nested";
    if (this.#isText) this.#closeText(chunk, end);
    else this.#isAfterName = this.#isTextName(chunk, end);
  }

  #closeText(chunk: Uint8Array, end: number): void {
    this.#isText = false;
    this.#text.append(chunk.subarray(this.#stringFrom, end - 1));
    this.#text.close();
  }

  /** Whether the string whose closing quote is before `end` may name a text. */
  #isTextName(chunk: Uint8Array, end: number): boolean {
    if (this.#key.length === 0) return isTextName(chunk, this.#stringFrom, end - 1);
    this.#key.append(chunk.subarray(this.#stringFrom, end - 1));
    return isTextName(this.#key.view(), 0, this.#key.length);
  }

  /** Finds out what stands behind a name: only a value has a colon before it, so a string that does is a text. */
  #skipColon(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length && (chunk[at] === COLON || isSpace(chunk[at]))) at += 1;
    this.#isAfterName = at === chunk.length;
    this.#isText = chunk[at] === QUOTE;
    return at;
  }

  #skipNested(chunk: Uint8Array, start: number): number {
    let at = this.#isAfterName ? this.#skipColon(chunk, start) : start;
    while (at < chunk.length) {
      const byte = chunk[at++] as number;
      if (byte === QUOTE) {
        this.#openNestedString(at);
        return at;
      }
      // Brackets and braces differ only in bit 0x20, and nothing else maps to the same two bytes.
      const bracket = byte & ~0x20;
      if (bracket === OPEN_BRACKET) this.#depth += 1;
      else if (bracket === CLOSE_BRACKET && --this.#depth === 0) {
        this.#closeValue(chunk, at);
        return at;
      }
    }
    return at;
  }

  #skipScalar(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length && !isSpace(chunk[at]) && !isValueEnd(chunk[at])) at += 1;
    // A scalar shows its end only by what follows, so a number cut by the end of the body never counts.
    if (at < chunk.length) this.#closeValue(chunk, at);
    return at;
  }
}

/** How many backslashes stand right before `end`, from `start` on. */
function countBackslashes(chunk: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && chunk[at - 1] === BACKSLASH) at -= 1;
  return end - at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isValueEnd(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET;
}
