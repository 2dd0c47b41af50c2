/** The same headers of every call, in HPACK (RFC 7541): spelt out once, and from then on a byte each. */
export interface HeaderBlocks {
  /** For a connection's first call: puts all of them into the table of the connection. */
  readonly first: Buffer;
  /** For the calls that follow: refers to the table, as Envoy's own encoder does. */
  readonly next: Buffer;
}

const LITERAL_WITH_INDEXING = 0x40;
const INDEXED = 0x80;
const STATIC_TABLE_SIZE = 61;

/** Names and values must be shorter than 127 bytes, and all together fit the table of 4,096. */
export function encodeHeaders(headers: Readonly<Record<string, string>>): HeaderBlocks {
  const entries = Object.entries(headers);
  const literals = entries.flatMap(([name, value]) => [
    Buffer.from([LITERAL_WITH_INDEXING, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
  // The entry that was added last has the lowest index.
  const references = entries.map((_, index) => INDEXED | (STATIC_TABLE_SIZE + entries.length - index));
  return { first: Buffer.concat(literals), next: Buffer.from(references) };
}
