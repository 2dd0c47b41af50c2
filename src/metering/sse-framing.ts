import { DocumentBytes } from "./document-bytes.js";
import type { DocumentReader, Framing } from "./framing.js";
import { isJsonObject, parseJson } from "./json-object.js";
import { EventStreamParser } from "./sse.js";

/** What stands in place of a document at the end of OpenAI's streams, and of many others'. */
const END_MARKER = "[DONE]";

/** A body that is an event stream with one JSON object in the data of each event. */
export class SseFraming implements Framing {
  readonly #reader: DocumentReader;
  readonly #document: DocumentBytes;
  readonly #parser: EventStreamParser;
  #isEnding = false;
  #isTailWhole = false;

  constructor(reader: DocumentReader) {
    this.#reader = reader;
    this.#document = new DocumentBytes(reader);
    this.#parser = new EventStreamParser({
      data: (bytes) => this.#document.append(bytes),
      dispatch: () => this.#dispatch(),
    });
  }

  push(chunk: Uint8Array): void {
    this.#parser.push(chunk);
  }

  end(): boolean {
    const hasTail = this.#parser.isMidEvent;
    this.#isEnding = true;
    this.#isTailWhole = false;
    this.#parser.end();
    return !hasTail || this.#isTailWhole;
  }

  #dispatch(): void {
    const document = this.#document.take();
    if (document.kind === "members") {
      this.#isTailWhole = document.isWhole;
      this.#reader.read(document.members);
      if (this.#isEnding && !document.isWhole) this.#reader.cut();
    } else this.#take(document.text);
  }

  #take(text: string): void {
    if (text.length < 16 && text.trim() === END_MARKER) {
      this.#isTailWhole = true;
      this.#reader.finish();
      return;
    }
    this.#reader.written.takeDocument(text);
    if (this.#isEnding || this.#reader.wants(text)) {
      // The tail is parsed even where the reader has no use for it: that is how a cut one is told from a whole one.
      const document = parseJson(text);
      this.#isTailWhole = isJsonObject(document);
      if (isJsonObject(document)) this.#reader.read(document);
    }
  }
}
