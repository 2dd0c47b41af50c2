import { BoundedBytes } from "./bounded-bytes.js";
import type { DocumentReader } from "./framing.js";
import type { JsonObject } from "./json-object.js";
import { JsonScanner } from "./json-scanner.js";
import { decodeUtf8 } from "./utf8.js";

/** The longest document of a stream that is held; a longer one, with an image in it say, is scanned as it passes. */
export const MAX_HELD_BYTES = 64 * 1024;

/** One message of a stream, whose data should be a JSON document. */
export type StreamDocument =
  | { readonly kind: "text"; readonly text: string }
  /** Too long to be held: the wanted members alone. */
  | { readonly kind: "members"; readonly members: JsonObject; readonly isWhole: boolean };

/** Collects the data of one message after the other. */
export class DocumentBytes {
  readonly #reader: DocumentReader;
  readonly #held = new BoundedBytes(MAX_HELD_BYTES);
  #scanner: JsonScanner | null = null;
  #members: JsonObject = {};

  /** @param reader whose members are wanted, and who hears of the text in a message that is not held */
  constructor(reader: DocumentReader) {
    this.#reader = reader;
  }

  append(bytes: Uint8Array): void {
    if (this.#scanner === null && this.#held.length + bytes.length > MAX_HELD_BYTES) {
      this.#members = {};
      const keep = (members: JsonObject) => {
        this.#members = members;
      };
      this.#scanner = new JsonScanner(this.#reader.wanted, keep, this.#reader.written);
      this.#scanner.push(this.#held.view());
      this.#held.clear();
    }
    if (this.#scanner === null) this.#held.append(bytes);
    else this.#scanner.push(bytes);
  }

  /** Takes the message whose data ends here, and makes room for the next. */
  take(): StreamDocument {
    const scanner = this.#scanner;
    if (scanner === null) {
      const text = decodeUtf8(this.#held.view());
      this.#held.clear();
      return { kind: "text", text };
    }
    this.#scanner = null;
    scanner.end();
    return { kind: "members", members: this.#members, isWhole: scanner.isClosed };
  }

  /** Forgets what came of the message so far. */
  drop(): void {
    this.#scanner = null;
    this.#held.clear();
  }
}
