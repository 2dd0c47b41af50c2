/** The times between the first so many events of a stream. Those that came at once are 0 apart. */
export function gapsOf(eventMs: readonly number[], events: number): number[] {
  const times = eventMs.slice(0, events);
  return times.slice(1).map((atMs, i) => atMs - (times[i] as number));
}
