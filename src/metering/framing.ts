import type { JsonObject } from "./json-object.js";
import type { WantedMembers } from "./wanted-members.js";
import type { WrittenText } from "./written-text.js";

/** Finds the JSON documents in the bytes of a body and hands them to a reader. Never throws on any bytes. */
export interface Framing {
  push(chunk: Uint8Array): void;
  /** Hands over what the body ended in; whether that was a whole document and not the piece of one. */
  end(): boolean;
}

/**
 * What a framing hands its documents to: the one that a body is, or that of each event of a stream. A framing knows
 * nothing of what documents say, and a reader nothing of bytes. None of its methods throws.
 */
export interface DocumentReader {
  /** The members that {@link read} looks at; of a document that is not held, only these are handed over. */
  readonly wanted: WantedMembers;
  /** Hears of the text in every document, be it read or not. */
  readonly written: WrittenText;
  /**
   * Whether the text of a stream's event may matter. It is asked for every event, nearly all of which carry a few
   * letters of an answer, so that those are not parsed. May say yes too often, never no to what {@link read} needs.
   */
  wants(text: string): boolean;
  /** Takes one document, whole or only its {@link wanted} members. */
  read(document: JsonObject): void;
  /** Takes note that the stream said, outside any document, that it is over. */
  finish(): void;
  /** Takes note that the stream said, outside any document, that something went wrong. */
  fail(): void;
  /** Takes note that the body stopped within the last document. */
  cut(): void;
}
