import { DELTA, TEXT_START } from "./text-names.js";
import { MAX_TOKENS } from "./usage.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** What hears of the texts in a body, as they stand in its JSON: without their quotes, and with their escapes. */
export interface TextSink {
  /** The next bytes of the current text. A view: it holds during the call. */
  append(bytes: Uint8Array): void;
  /** The current text is over. */
  close(): void;
}

/**
 * Estimates, in tokens, what the model wrote by the text that passed: a token is about four letters of English or two of
 * other alphabets, and four signs of Chinese, Japanese or Korean are three. What surrounds the text does not count, since
 * providers pad their events so that lengths do not give away what is said.
 */
export class WrittenText implements TextSink {
  #quarters = 0;
  #texts = 0;
  /** Where in its document the last text stood. That of the next event is nearly always found at the same place. */
  #start: { readonly at: number; readonly opening: string } | null = null;
  #hasDeltas = false;
  /** Of the text that is being appended: whether it has any, and what is to come of an escape. */
  #isOpen = false;
  #isEscaped = false;
  #missingDigits = 0;

  /** A whole number, 0 as long as no text came. It never falls. */
  get tokens(): number {
    // Most servers send a token per event: that many short texts are not less, whatever their letters.
    return Math.min(Math.ceil(Math.max(this.#quarters / 4, this.#texts / 2)), MAX_TOKENS);
  }

  /** Takes one document of a stream, of which its first text counts: others repeat it under an older name. */
  takeDocument(json: string): void {
    const start = this.#start;
    if (start !== null && json.startsWith(start.opening, start.at)) {
      if (this.#takeText(json, start.at + start.opening.length)) return;
    }
    TEXT_START.lastIndex = 0;
    for (let found = TEXT_START.exec(json); found !== null; found = TEXT_START.exec(json)) {
      const isDelta = found[1] === DELTA;
      if ((isDelta || !this.#hasDeltas) && this.#takeText(json, TEXT_START.lastIndex)) {
        this.#hasDeltas = isDelta;
        this.#start = { at: found.index, opening: found[0] };
        return;
      }
    }
  }

  append(bytes: Uint8Array): void {
    if (this.#hasDeltas) return;
    let quarters = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] as number;
      if (this.#missingDigits > 0) this.#missingDigits -= 1;
      else if (this.#isEscaped) {
        this.#isEscaped = false;
        if (byte === LETTER_U) this.#missingDigits = 4;
        quarters += quartersOfEscape(byte);
      } else if (byte === BACKSLASH) this.#isEscaped = true;
      else quarters += quartersOfByte(byte);
    }
    this.#quarters += quarters;
    if (bytes.length > 0) this.#isOpen = true;
  }

  close(): void {
    if (this.#isOpen) this.#texts += 1;
    this.#isOpen = false;
    this.#isEscaped = false;
    this.#missingDigits = 0;
  }

  /** Takes the text that starts here, up to its quote, or to the end where the document is cut. False if it is empty. */
  #takeText(json: string, start: number): boolean {
    let quarters = 0;
    for (let at = start; at < json.length; at += 1) {
      let unit = json.charCodeAt(at);
      if (unit === QUOTE) break;
      if (unit === BACKSLASH) {
        at += 1;
        unit = json.charCodeAt(at);
        if (unit === LETTER_U) at += 4;
        quarters += quartersOfEscape(unit);
      } else quarters += quartersOfUnit(unit);
    }
    if (quarters === 0) return false;
    this.#quarters += quarters;
    this.#texts += 1;
    return true;
  }
}

/** Of a UTF-16 unit, in quarters of a token: a sign outside the BMP, such as an emoji, has two of them. */
function quartersOfUnit(unit: number): number {
  if (unit < 0x80) return 1;
  return unit >= 0x3000 && unit < 0xf000 ? 3 : 2;
}

/** The same by UTF-8: a character counts with its first byte, which tells the length. */
function quartersOfByte(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc0) return 0;
  if (byte >= 0xf0) return 6;
  return byte >= 0xe3 && byte < 0xef ? 3 : 2;
}

/** By the byte behind the backslash. What `\uXXXX` stands for is not looked at. */
function quartersOfEscape(byte: number): number {
  return byte === LETTER_U ? 2 : 1;
}
