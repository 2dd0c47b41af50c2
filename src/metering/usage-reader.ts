import type { JsonObject } from "./json-object.js";
import type { Usage } from "./usage.js";

/**
 * What a provider makes of the JSON documents of one response: of the one its body is, or of each event of a stream.
 * A framing finds the documents and calls this; a reader knows nothing of bytes. None of its methods throws.
 */
export interface UsageReader {
  /** The root members {@link read} looks at in a body that is a single document; only these are handed over. */
  readonly members: readonly string[];
  /** The text of an event that ends a stream and is not JSON, where the provider has one. */
  readonly endMarker: string | null;
  /**
   * Whether the text of a stream's event may matter. It is asked for every event, nearly all of which carry a few
   * letters of an answer, so that those are not parsed. May say yes too often, never no to what {@link read} needs.
   */
  wants(text: string): boolean;
  /** Takes one document, whole or only its {@link members}. */
  read(document: JsonObject): void;
  /** Takes note that the {@link endMarker} came. */
  finish(): void;
  /**
   * What was used, null if no document said so.
   * @param endedCleanly whether the body stopped where a document did
   */
  usage(endedCleanly: boolean): Usage | null;
}
