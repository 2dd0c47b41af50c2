import type { DocumentReader, Framing } from "./framing.js";
import { JsonScanner } from "./json-scanner.js";

/** A body of JSON: one object, one per line (NDJSON), or an array of them, as Gemini streams without `alt=sse`. */
export class JsonFraming implements Framing {
  readonly #reader: DocumentReader;
  readonly #scanner: JsonScanner;

  constructor(reader: DocumentReader) {
    this.#reader = reader;
    this.#scanner = new JsonScanner(reader.wanted, (document) => reader.read(document), reader.written);
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  end(): boolean {
    const { isClosed } = this.#scanner;
    this.#scanner.end();
    if (!isClosed) this.#reader.cut();
    return isClosed;
  }
}
