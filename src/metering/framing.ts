/** Finds the JSON documents in the bytes of a body and hands them to a usage reader. Never throws on any bytes. */
export interface Framing {
  push(chunk: Uint8Array): void;
  /** Hands over what the body ended in; whether that was a whole document and not the piece of one. */
  end(): boolean;
}
