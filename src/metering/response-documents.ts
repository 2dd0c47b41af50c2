import type { Format, ReadDocument, ResponseHead } from "./format.js";
import type { DocumentReader } from "./framing.js";
import type { JsonObject } from "./json-object.js";
import type { UsageReport } from "./usage-report.js";
import { type WantedMembers, wantedMembers } from "./wanted-members.js";
import type { WrittenText } from "./written-text.js";

/** What the documents of a response may be. */
export interface Candidates {
  readonly formats: readonly Format[];
  /** What they are taken for until one of them shows what they are. */
  readonly presumed: Format | null;
}

/** The names that every document is looked at for can only hide behind an escaped ASCII letter. */
const ESCAPED_ASCII = /\\u00[2-7]/;

/** Reads the documents of one response, in the format that they turn out to have. */
export class ResponseDocuments implements DocumentReader {
  readonly wanted: WantedMembers;
  readonly written: WrittenText;
  readonly #formats: readonly Format[];
  readonly #report: UsageReport;
  readonly #head: ResponseHead;
  #format: Format | null;
  #read: ReadDocument | null;
  #isSettled: boolean;

  constructor({ formats, presumed }: Candidates, report: UsageReport, head: ResponseHead) {
    this.#formats = formats;
    this.#report = report;
    this.written = report.written;
    this.#head = head;
    this.#format = presumed ?? (formats.length === 1 ? (formats[0] ?? null) : null);
    this.#isSettled = formats.length === 1;
    this.#read = this.#format?.open(report, head) ?? null;
    this.wanted = wantedMembers([["error"], ["type"], ...formats.flatMap(({ paths }) => paths)]);
  }

  wants(text: string): boolean {
    if (!this.#isSettled || !this.#format) return true;
    return (
      this.#format.marks.some((mark) => text.includes(mark)) ||
      (!this.#report.hasModel && text.includes('"model"')) ||
      // The quote before it is left out: a search that starts with one stops at every name.
      text.includes('error"') ||
      (text.includes("\\u00") && ESCAPED_ASCII.test(text))
    );
  }

  read(document: JsonObject): void {
    if (!this.#isSettled) this.#recognise(document);
    if (isError(document["error"]) || document["type"] === "error") this.#report.fail();
    this.#read?.(document);
  }

  finish(): void {
    this.#report.finish();
  }

  fail(): void {
    this.#report.fail();
  }

  cut(): void {
    this.#report.cut();
  }

  #recognise(document: JsonObject): void {
    const found = this.#formats.find((format) => format.recognises(document));
    if (!found) return;
    this.#isSettled = true;
    if (found === this.#format) return;
    this.#format = found;
    this.#read = found.open(this.#report, this.#head);
  }
}

function isError(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}
