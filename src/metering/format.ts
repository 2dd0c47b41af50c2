import type { JsonObject } from "./json-object.js";
import type { UsageReport } from "./usage-report.js";
import type { MemberPath } from "./wanted-members.js";

/** What is known of a response before its body. */
export interface ResponseHead {
  /** The path that was requested, where it is known. A query may follow. */
  readonly path: string | undefined;
  /** The value of a response header, by its lower-case name. */
  header(name: string): string | undefined;
}

/** Takes one document of a response, whole or only the members that its format looks at. Never throws. */
export type ReadDocument = (document: JsonObject) => void;

/** A way in which responses tell what they used. */
export interface Format {
  /** Where in a document what matters is: of one that is too long to be held, only this is kept. */
  readonly paths: readonly MemberPath[];
  /**
   * Texts of which any event that matters has one. Names stand with their quotes, which an answer that talks about them
   * has escaped, and so does not contain.
   */
  readonly marks: readonly string[];
  /** Whether a document is one of this format. Must be no to what other formats recognise. */
  recognises(document: JsonObject): boolean;
  /** Begins with a response: what its documents say goes to `report`. */
  open(report: UsageReport, head: ResponseHead): ReadDocument;
}
