// A byte order mark is removed where the format says so, not at the start of whatever piece is decoded.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of bytes that hold whole characters; what is not UTF-8 becomes U+FFFD. Never throws. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
