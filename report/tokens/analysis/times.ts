import { percentile, rounded } from "../../cluster/analysis/spread.js";

/** How times are spread, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export const timeNames = ["p50", "p95", "p99", "max"] as const satisfies readonly (keyof Times)[];

/** Rounded to microseconds. Of no times at all everything is 0. */
export function timesOf(ms: readonly number[]): Times {
  if (ms.length === 0) return { p50: 0, p95: 0, p99: 0, max: 0 };
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (percent: number) => rounded(percentile(sorted, percent), 3);
  return { p50: at(50), p95: at(95), p99: at(99), max: at(100) };
}

/** What one side takes more than another. */
export interface Comparison {
  readonly minusMs: Times;
  /** 0 where the other is 0. */
  readonly ratio: Times;
}

export function compared(times: Times, base: Times): Comparison {
  const each = (of: (time: number, baseTime: number) => number): Times => ({
    ...{ p50: of(times.p50, base.p50), p95: of(times.p95, base.p95) },
    ...{ p99: of(times.p99, base.p99), max: of(times.max, base.max) },
  });
  return {
    minusMs: each((time, baseTime) => rounded(time - baseTime, 3)),
    ratio: each((time, baseTime) => (baseTime === 0 ? 0 : rounded(time / baseTime, 3))),
  };
}
