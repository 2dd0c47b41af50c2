import type { Framing } from "./framing.js";
import { isJsonObject, parseJson } from "./json-object.js";
import { EventStreamParser } from "./sse.js";
import type { UsageReader } from "./usage-reader.js";

/** A body that is an event stream with one JSON object in the data of each event. */
export class SseFraming implements Framing {
  readonly #reader: UsageReader;
  readonly #parser: EventStreamParser;
  #isEnding = false;
  #isTailWhole = false;

  constructor(reader: UsageReader) {
    this.#reader = reader;
    this.#parser = new EventStreamParser((data) => this.#take(data));
  }

  push(chunk: Uint8Array): void {
    this.#parser.push(chunk);
  }

  end(): boolean {
    const hasTail = this.#parser.isMidEvent;
    this.#isEnding = true;
    this.#parser.end();
    return !hasTail || this.#isTailWhole;
  }

  #take(data: string): void {
    const { endMarker } = this.#reader;
    if (endMarker !== null && data.trim() === endMarker) {
      this.#reader.finish();
      this.#isTailWhole = this.#isEnding;
    } else if (this.#isEnding || this.#reader.wants(data)) {
      // The tail is parsed even where the reader has no use for it: that is how a cut one is told from a whole one.
      const document = parseJson(data);
      if (!isJsonObject(document)) return;
      this.#reader.read(document);
      this.#isTailWhole = this.#isEnding;
    }
  }
}
