import { AwsEventStreamParser } from "./aws-event-stream.js";
import { DocumentBytes } from "./document-bytes.js";
import type { DocumentReader, Framing } from "./framing.js";
import { isJsonObject, parseJson } from "./json-object.js";

/** A body that is an AWS event stream with one JSON object in the payload of each message. */
export class AwsFraming implements Framing {
  readonly #reader: DocumentReader;
  readonly #document: DocumentBytes;
  readonly #parser: AwsEventStreamParser;
  #isDamaged = false;

  constructor(reader: DocumentReader) {
    this.#reader = reader;
    this.#document = new DocumentBytes(reader);
    this.#parser = new AwsEventStreamParser({
      payload: (bytes) => this.#document.append(bytes),
      message: (headers) => this.#take(headers),
      damaged: () => {
        this.#isDamaged = true;
        this.#document.drop();
      },
    });
  }

  push(chunk: Uint8Array): void {
    this.#parser.push(chunk);
  }

  end(): boolean {
    return this.#parser.isBetweenMessages && !this.#isDamaged;
  }

  #take(headers: ReadonlyMap<string, string>): void {
    const document = this.#document.take();
    // Errors come as messages of their own, inside a response whose status is 200.
    if ((headers.get(":message-type") ?? "event") !== "event") this.#reader.fail();
    else if (document.kind === "members") this.#reader.read(document.members);
    else this.#takeText(document.text);
  }

  #takeText(text: string): void {
    this.#reader.written.takeDocument(text);
    if (!this.#reader.wants(text)) return;
    const document = parseJson(text);
    if (isJsonObject(document)) this.#reader.read(document);
  }
}
