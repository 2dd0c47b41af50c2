/** What a counter's key may hold of one value that a client has a say in. */
const MAX_LENGTH = 256;

/**
 * The value, or, where it is longer than any honest one, its beginning and a checksum of the whole: so that a number
 * of counters bounds their memory. Two long values may come to share a counter, which only ever denies more.
 */
export function boundedKey(value: string): string {
  if (value.length <= MAX_LENGTH) return value;
  return `${value.slice(0, MAX_LENGTH - 32)}#${value.length}#${checksum(value).toString(36)}`;
}

/** FNV-1a in two halves of 26 bits, which is all that a number holds exactly. */
function checksum(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(i), 0x5bd1e995);
  }
  return (high >>> 6) * 2 ** 26 + (low >>> 6);
}
