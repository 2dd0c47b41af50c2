import type { Framing } from "./framing.js";
import { JsonFraming } from "./json-framing.js";
import { OpenAiReader } from "./openai.js";
import { SseFraming } from "./sse-framing.js";
import type { Usage } from "./usage.js";
import type { UsageReader } from "./usage-reader.js";

/** Reads off the bytes of one response, as they pass, what it used. */
export interface Meter {
  /** The next bytes of the body, split anywhere. Never throws; the chunk is not kept. */
  push(chunk: Uint8Array): void;
  /**
   * Takes the bytes so far for the whole body and returns what it used, null if it did not say. A body that was cut
   * off gives what is known until then, with `complete` false. Never throws; later bytes change nothing.
   */
  end(): Usage | null;
}

/** The response dialects a meter can read. */
export type MeteredProvider = "openai";

/** What is known of a response before its body. */
export interface MeterOptions {
  provider: MeteredProvider;
  /** The `content-type` header. Believed only where the first bytes do not tell. */
  contentType: string | undefined;
}

const READERS: Readonly<Record<MeteredProvider, () => UsageReader>> = {
  openai: () => new OpenAiReader(),
};

/** A meter for one response. */
export function createMeter({ provider, contentType }: MeterOptions): Meter {
  return new ResponseMeter(READERS[provider](), contentType);
}

class ResponseMeter implements Meter {
  readonly #reader: UsageReader;
  readonly #contentType: string | undefined;
  #framing: Framing | null = null;
  #result: Usage | null | undefined;

  constructor(reader: UsageReader, contentType: string | undefined) {
    this.#reader = reader;
    this.#contentType = contentType;
  }

  push(chunk: Uint8Array): void {
    if (this.#framing !== null) {
      this.#framing.push(chunk);
      return;
    }
    const start = chunk.findIndex((byte) => !isLeading(byte));
    if (start === -1) return;
    this.#framing = chooseFraming(chunk[start], this.#contentType, this.#reader);
    this.#framing.push(chunk.subarray(start));
  }

  end(): Usage | null {
    if (this.#result === undefined) {
      const endedCleanly = this.#framing?.end() ?? false;
      this.#result = this.#reader.usage(endedCleanly);
    }
    return this.#result;
  }
}

/** Space or a byte order mark: in front of a body neither means anything in any of the framings. */
function isLeading(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0xef || byte === 0xbb || byte === 0xbf;
}

/** No event stream that says anything starts with a brace or a bracket, and no JSON body with a count without. */
function chooseFraming(
  first: number | undefined,
  contentType: string | undefined,
  reader: UsageReader,
): Framing {
  if (first === 0x7b || first === 0x5b) return new JsonFraming(reader);
  if (contentType !== undefined && /^\s*(?:audio|image|video)\//i.test(contentType)) return UNREAD;
  return new SseFraming(reader);
}

/** A body without text, such as speech: searching megabytes of it for lines would be in vain. */
const UNREAD: Framing = { push: () => {}, end: () => false };
