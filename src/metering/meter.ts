import { AwsFraming } from "./aws-framing.js";
import type { ResponseHead } from "./format.js";
import type { DocumentReader, Framing } from "./framing.js";
import { JsonFraming } from "./json-framing.js";
import { candidatesOf, type UsageSource } from "./providers.js";
import { readPath } from "./request-path.js";
import { ResponseDocuments } from "./response-documents.js";
import { SseFraming } from "./sse-framing.js";
import type { Usage } from "./usage.js";
import { UsageReport } from "./usage-report.js";

/** How a body ends: as it should, or cut off. */
export type BodyEnd = "complete" | "cut";

/** Reads off the bytes of one response, as they pass, what it used. */
export interface Meter {
  /** The next bytes of the body, not compressed, split anywhere. Never throws; the chunk is not kept. */
  push(chunk: Uint8Array): void;
  /**
   * What the model is estimated to have written so far, in tokens, going by the text that passed; for responses that do
   * not say it themselves. 0 before any text came, and for what is not text; it never falls.
   */
  readonly delivered: number;
  /** Of that, what passed after the last usage that the response told. */
  readonly untold: number;
  /**
   * Whether the response told in its body of a failure of the provider's: an `error` event, a document with an `error`,
   * an AWS exception, or an end for that reason. A body that just breaks off did not.
   */
  readonly hasFailed: boolean;
  /**
   * Takes the bytes so far for the whole body and returns what it used, null if it did not say. A body that was cut
   * off gives what is known until then, with `complete` false. Never throws; later bytes change nothing.
   */
  end(how: BodyEnd): Usage | null;
}

/** A meter for one response. */
export function createMeter(source: UsageSource, head: ResponseHead): Meter {
  return new ResponseMeter(source, head);
}

class ResponseMeter implements Meter {
  readonly #head: ResponseHead;
  readonly #report = new UsageReport();
  readonly #documents: DocumentReader;
  #framing: Framing | null = null;
  #result: Usage | null | undefined;

  constructor(source: UsageSource, head: ResponseHead) {
    this.#head = head;
    this.#documents = new ResponseDocuments(candidatesOf(source, head), this.#report, head);
  }

  get delivered(): number {
    return this.#report.written.tokens;
  }

  get untold(): number {
    return this.#report.writtenSince;
  }

  get hasFailed(): boolean {
    return this.#report.hasFailed;
  }

  push(chunk: Uint8Array): void {
    if (this.#result !== undefined) return;
    if (this.#framing !== null) {
      this.#framing.push(chunk);
      return;
    }
    const start = chunk.findIndex((byte) => !isLeading(byte));
    if (start === -1) return;
    this.#framing = chooseFraming(chunk[start], this.#head.header("content-type"), this.#documents);
    this.#framing.push(chunk.subarray(start));
  }

  end(how: BodyEnd): Usage | null {
    if (this.#result === undefined) {
      const stoppedCleanly = this.#framing?.end() ?? false;
      // What the documents do not name, the path may; they know better.
      this.#report.name(readPath(this.#head.path).model);
      this.#result = this.#report.usage(stoppedCleanly && how === "complete");
    }
    return this.#result;
  }
}

/** Space or a byte order mark: in front of a body neither means anything in any of the framings. */
function isLeading(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xef || byte === 0xbb || byte === 0xbf;
}

/**
 * By the first byte, and not by the content type, which lies at times. No event stream that says anything starts with a
 * brace or a bracket, and no JSON body with a count without. An AWS event stream starts with the length of a message,
 * whose first byte is 0 in any below 16 MiB.
 */
function chooseFraming(
  first: number | undefined,
  contentType: string | undefined,
  reader: DocumentReader,
): Framing {
  if (first === 0x7b || first === 0x5b) return new JsonFraming(reader);
  if (first === 0) return new AwsFraming(reader);
  if (contentType !== undefined && /^\s*(?:audio|image|video)\//i.test(contentType)) return UNREAD;
  return new SseFraming(reader);
}

/** A body without text, such as speech: searching megabytes of it for lines would be in vain. */
const UNREAD: Framing = { push: () => {}, end: () => false };
