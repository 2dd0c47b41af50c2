const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const DATA = [0x64, 0x61, 0x74, 0x61] as const;
const NEWLINE = Uint8Array.of(LF);

/** What hears of the events of a stream. */
export interface EventSink {
  /** The next bytes of the current event's data. A view: it holds during the call. */
  data(bytes: Uint8Array): void;
  /** The current event is over. Called only for one that has data. */
  dispatch(): void;
}

/** Where in its line the parser is. */
type Place = "name" | "before-value" | "value" | "other-field";

/**
 * Reads an event stream (WHATWG HTML, section 9.2) as its bytes pass and hands over the data of each event, lines joined
 * by newlines. Lines end with CR, LF or CRLF; the other fields are ignored. It holds no bytes, however long lines are. One
 * thing differs from a browser: {@link end} dispatches the event the stream ended in.
 */
export class EventStreamParser {
  readonly #sink: EventSink;
  #place: Place = "name";
  /** How much of the field's name has come, and is `data` so far. */
  #matched = 0;
  #isLineEmpty = true;
  #hasData = false;
  /** A CR ended the last line: an LF right behind it belongs to the same line end, even in the next chunk. */
  #isAfterCr = false;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** Whether the bytes so far stop within an event. */
  get isMidEvent(): boolean {
    return this.#hasData || !this.#isLineEmpty;
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
      this.#takePiece(chunk, start, end);
      this.#endLine();
      start = end + 1;
      if (lf === start) start += 1;
      else if (isCr && start === chunk.length) this.#isAfterCr = true;
      if (cr !== -1 && cr < start) cr = chunk.indexOf(CR, start);
      if (lf !== -1 && lf < start) lf = chunk.indexOf(LF, start);
    }
    this.#takePiece(chunk, start, chunk.length);
  }

  /** Takes the end of the body for the end of the line and of the event it is in. */
  end(): void {
    this.#endLine();
    if (this.#hasData) this.#dispatch();
  }

  #takePiece(chunk: Uint8Array, start: number, end: number): void {
    if (start >= end) return;
    this.#isLineEmpty = false;
    let at = start;
    while (this.#place === "name" && at < end) {
      if (this.#matched < DATA.length && chunk[at] === DATA[this.#matched]) this.#matched += 1;
      else if (this.#matched === DATA.length && chunk[at] === COLON) this.#openData("before-value");
      else this.#place = "other-field";
      at += 1;
    }
    if (this.#place === "before-value" && at < end) {
      if (chunk[at] === SPACE) at += 1;
      this.#place = "value";
    }
    if (this.#place === "value" && at < end) this.#sink.data(chunk.subarray(at, end));
  }

  #openData(place: Place): void {
    if (this.#hasData) this.#sink.data(NEWLINE);
    this.#hasData = true;
    this.#place = place;
  }

  #endLine(): void {
    if (this.#isLineEmpty && this.#hasData) this.#dispatch();
    // A field may come without a colon, and then has an empty value.
    if (this.#place === "name" && this.#matched === DATA.length) this.#openData("value");
    this.#place = "name";
    this.#matched = 0;
    this.#isLineEmpty = true;
  }

  #dispatch(): void {
    this.#hasData = false;
    this.#sink.dispatch();
  }
}
