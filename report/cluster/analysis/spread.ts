/** How times are spread. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** The smallest value that so many percent of all do not exceed. */
export function percentile(sorted: readonly number[], percent: number): number {
  const value = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
  if (value === undefined) throw new RangeError("no values");
  return value;
}

/** Rounded to microseconds. Of no times at all everything is 0. */
export function spreadOf(timesMs: readonly number[]): Spread {
  if (timesMs.length === 0) return { p50Ms: 0, p99Ms: 0, maxMs: 0 };
  const sorted = timesMs.toSorted((a, b) => a - b);
  const at = (percent: number) => rounded(percentile(sorted, percent), 3);
  return { p50Ms: at(50), p99Ms: at(99), maxMs: at(100) };
}

export function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** In percent, rounded to hundredths; 0 of nothing. */
export function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : rounded((100 * part) / whole, 2);
}
