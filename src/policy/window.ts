import type { Calendar } from "./calendar.js";

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

export const periods = ["second", "minute", "hour", "day", "week", "month", "year"] as const;
export type Period = (typeof periods)[number];

/**
 * How long a limit counts. A `fixed` window is aligned to the calendar and starts empty; a `sliding` one is the last
 * so many milliseconds before each request.
 */
export interface Window {
  readonly kind: "fixed" | "sliding";
  readonly count: number;
  readonly period: Period;
  /** Decides where days, weeks, months and years of a fixed window begin. */
  readonly calendar: Calendar;
}

/** From `start`, up to but without `end`. */
export interface Span {
  readonly start: EpochMs;
  readonly end: EpochMs;
}

/** Length of the periods that are always equally long; days are, as a sliding window. */
const lengthMs: Readonly<Record<Period, number | null>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
  month: null,
  year: null,
};

/** The fixed window that `now` falls in. Windows of one length follow each other without gap or overlap. */
export function spanAt({ count, period, calendar }: Window, now: EpochMs): Span {
  switch (period) {
    case "second":
    case "minute":
    case "hour":
      return alignedAt(count * (lengthMs[period] ?? 0), now);
    case "day":
      return calendar.daysAt(count, now);
    case "week":
      return calendar.weeksAt(count, now);
    case "month":
      return calendar.monthsAt(count, now);
    case "year":
      return calendar.monthsAt(count * 12, now);
    default:
      return period satisfies never;
  }
}

/** How long a window always is, or null where that depends on the calendar. */
export function windowLengthMs({ count, period }: Pick<Window, "count" | "period">): number | null {
  const length = lengthMs[period];
  return length === null ? null : count * length;
}

function alignedAt(length: number, now: EpochMs): Span {
  const start = Math.floor(now / length) * length;
  return { start, end: start + length };
}

/** Counts end at 99999, so that the end of every window is a date. */
const grammar = new RegExp(`^(?:([1-9]\\d{0,4}) )?(${periods.join("|")})(s?)$`);

/** Reads `minute`, `1 minute` or `15 minutes`; null when it is neither of these. */
export function parseWindow(text: string): Pick<Window, "count" | "period"> | null {
  const match = grammar.exec(text);
  if (!match) return null;
  const [, digits, period, plural] = match;
  if (plural && !digits) return null;
  return { count: digits ? Number(digits) : 1, period: period as Period };
}

/** `minute`, `15 minutes`, `sliding hour`, `month in Europe/Berlin`: equal exactly for equal windows. */
export function formatWindow({ kind, count, period, calendar }: Window): string {
  const length = count === 1 ? period : `${count} ${period}s`;
  if (kind === "sliding") return `sliding ${length}`;
  const isCalendar = period !== "second" && period !== "minute" && period !== "hour";
  return isCalendar && calendar.timeZone !== "UTC" ? `${length} in ${calendar.timeZone}` : length;
}
