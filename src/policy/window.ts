/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

export const periods = ["second", "minute", "hour", "day", "week", "month", "year"] as const;
export type Period = (typeof periods)[number];

/** A fixed window: `count` periods long and aligned to the calendar in UTC. */
export interface Window {
  readonly count: number;
  readonly period: Period;
}

/** From `start`, up to but without `end`. */
export interface Span {
  readonly start: EpochMs;
  readonly end: EpochMs;
}

const SECOND = 1_000;
const DAY = 86_400_000;
/** The epoch was a Thursday; weeks start on Monday (ISO 8601). */
const FIRST_MONDAY = 4 * DAY;

const lengthMs: Record<Exclude<Period, "month" | "year">, number> = {
  second: SECOND,
  minute: 60 * SECOND,
  hour: 3_600 * SECOND,
  day: DAY,
  week: 7 * DAY,
};

/** The window that `now` falls in. Windows of one length follow each other without gap or overlap. */
export function spanAt(window: Window, now: EpochMs): Span {
  switch (window.period) {
    case "month":
      return monthsAt(window.count, now);
    case "year":
      return monthsAt(window.count * 12, now);
    case "week":
      return alignedAt(window.count * lengthMs.week, FIRST_MONDAY, now);
    default:
      return alignedAt(window.count * lengthMs[window.period], 0, now);
  }
}

function alignedAt(length: number, origin: EpochMs, now: EpochMs): Span {
  const start = Math.floor((now - origin) / length) * length + origin;
  return { start, end: start + length };
}

function monthsAt(count: number, now: EpochMs): Span {
  const date = new Date(now);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth();
  const first = Math.floor(months / count) * count;
  return { start: Date.UTC(0, first - YEAR_1900), end: Date.UTC(0, first - YEAR_1900 + count) };
}

/** Date.UTC reads years 0 to 99 as 1900 to 1999, so months are counted from 1900. */
const YEAR_1900 = 1900 * 12;

/** Counts end at 99999, so that the end of every window is a date. */
const grammar = new RegExp(`^(?:([1-9]\\d{0,4}) )?(${periods.join("|")})(s?)$`);

/** Reads `minute`, `1 minute` or `15 minutes`; null when it is neither of these. */
export function parseWindow(text: string): Window | null {
  const match = grammar.exec(text);
  if (!match) return null;
  const [, digits, period, plural] = match;
  if (plural && !digits) return null;
  return { count: digits ? Number(digits) : 1, period: period as Period };
}

/** The reverse of {@link parseWindow}, in its shortest form: `minute`, `15 minutes`. */
export function formatWindow({ count, period }: Window): string {
  return count === 1 ? period : `${count} ${period}s`;
}
