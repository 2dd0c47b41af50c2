import type { Framing } from "./framing.js";
import { JsonScanner } from "./json-scanner.js";
import type { UsageReader } from "./usage-reader.js";

/** A body that is one JSON object. */
export class JsonFraming implements Framing {
  readonly #reader: UsageReader;
  readonly #members = new Map<string, unknown>();
  readonly #scanner: JsonScanner;

  constructor(reader: UsageReader) {
    this.#reader = reader;
    this.#scanner = new JsonScanner(reader.members, (name, value) => this.#members.set(name, value));
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  end(): boolean {
    this.#reader.read(Object.fromEntries(this.#members));
    return this.#scanner.isClosed;
  }
}
