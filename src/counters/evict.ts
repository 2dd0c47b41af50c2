/** Deletes up to `count` entries, the first added first, and returns how many. */
export function evictOldest(entries: Map<string, unknown>, count: number): number {
  let evicted = 0;
  for (const key of entries.keys()) {
    if (evicted === count) break;
    entries.delete(key);
    evicted++;
  }
  return evicted;
}
