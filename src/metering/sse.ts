import { BoundedBytes } from "./bounded-bytes.js";
import { decodeUtf8 } from "./utf8.js";

/** The longest line read, in bytes. A longer `data` line (an image, say) is dropped with its event. */
export const MAX_LINE_BYTES = 1024 * 1024;
/** The most data one event may carry over all its lines, in bytes. */
export const MAX_EVENT_BYTES = 4 * 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const DATA = [0x64, 0x61, 0x74, 0x61] as const;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;
const NEWLINE = Uint8Array.of(LF);

/**
 * Reads an event stream (WHATWG HTML, section 9.2) as its bytes pass and hands over the data of each event. Lines end
 * with CR, LF or CRLF; the other fields are ignored. Two things differ from a browser: what is longer than the caps is
 * dropped, and {@link end} dispatches the event the stream ended in.
 */
export class EventStreamParser {
  readonly #onEvent: (data: string) => void;
  /** The start of a line whose end has not come yet. */
  readonly #line = new BoundedBytes(MAX_LINE_BYTES);
  /** The data lines of the event so far, each with a newline behind it. */
  readonly #data = new BoundedBytes(MAX_EVENT_BYTES);
  #isDropping = false;
  #isFirstLine = true;
  /** A CR ended the last line: an LF right behind it belongs to the same line end, even in the next chunk. */
  #isAfterCr = false;

  constructor(onEvent: (data: string) => void) {
    this.#onEvent = onEvent;
  }

  /** Whether the bytes so far stop within an event. */
  get isMidEvent(): boolean {
    return this.#line.length > 0 || this.#data.length > 0 || this.#isDropping;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    let start = this.#isAfterCr && chunk[0] === LF ? 1 : 0;
    this.#isAfterCr = false;
    let cr = chunk.indexOf(CR, start);
    let lf = chunk.indexOf(LF, start);
    while (cr !== -1 || lf !== -1) {
      const isCr = lf === -1 || (cr !== -1 && cr < lf);
      const end = isCr ? cr : lf;
      this.#endLine(chunk.subarray(start, end));
      start = end + 1;
      if (lf === start) start += 1;
      else if (isCr && start === chunk.length) this.#isAfterCr = true;
      if (cr !== -1 && cr < start) cr = chunk.indexOf(CR, start);
      if (lf !== -1 && lf < start) lf = chunk.indexOf(LF, start);
    }
    if (start < chunk.length) this.#line.append(chunk.subarray(start));
  }

  /** Takes the end of the body for the end of the line and of the event it is in. */
  end(): void {
    this.#endLine(NEWLINE.subarray(1));
    this.#dispatch();
  }

  #endLine(rest: Uint8Array): void {
    if (this.#line.length === 0 && rest.length <= MAX_LINE_BYTES) {
      this.#takeLine(rest, false);
      return;
    }
    this.#line.append(rest);
    this.#takeLine(this.#line.view(), this.#line.hasOverflowed);
    this.#line.clear();
  }

  #takeLine(bytes: Uint8Array, isCut: boolean): void {
    const line = this.#isFirstLine && startsWith(bytes, BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;
    this.#isFirstLine = false;
    if (line.length === 0) this.#dispatch();
    else if (startsWith(line, DATA) && (line.length === DATA.length || line[DATA.length] === COLON)) {
      if (isCut) this.#isDropping = true;
      else this.#takeData(line.subarray(line[DATA.length + 1] === SPACE ? DATA.length + 2 : DATA.length + 1));
    }
  }

  #takeData(value: Uint8Array): void {
    if (this.#isDropping) return;
    this.#data.append(value);
    this.#data.append(NEWLINE);
    this.#isDropping = this.#data.hasOverflowed;
  }

  #dispatch(): void {
    if (this.#data.length > 0 && !this.#isDropping) {
      this.#onEvent(decodeUtf8(this.#data.view().subarray(0, -1)));
    }
    this.#data.clear();
    this.#isDropping = false;
  }
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, at) => bytes[at] === byte);
}
