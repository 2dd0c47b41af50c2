import type { EpochMs, Span } from "./window.js";

const DAY = 86_400_000;
/** The epoch was a Thursday; weeks start on Monday (ISO 8601). */
const FIRST_MONDAY = 4;

/** Days since 1970-01-01, as a date of the time zone and not as an instant. */
type DayNumber = number;

/** The days, weeks and months of one time zone, however long daylight saving makes them. */
export interface Calendar {
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** `count` days, aligned to 1970-01-01. */
  daysAt(count: number, now: EpochMs): Span;
  /** `count` weeks that start on Monday, aligned to 1970-01-05. */
  weeksAt(count: number, now: EpochMs): Span;
  /** `count` months, aligned to January of the year 0. */
  monthsAt(count: number, now: EpochMs): Span;
}

/** The calendar of a time zone, or null when nobody knows the zone. */
export function calendarOf(timeZone: string): Calendar | null {
  const dayOf = dateReader(timeZone);
  if (!dayOf) return null;
  const span = (first: DayNumber, next: DayNumber): Span => ({
    start: firstInstant(dayOf, first),
    end: firstInstant(dayOf, next),
  });
  return {
    timeZone,
    daysAt: remembered((count, now) => {
      const first = alignDown(dayOf(now), count, 0);
      return span(first, first + count);
    }),
    weeksAt: remembered((count, now) => {
      const first = alignDown(dayOf(now), count * 7, FIRST_MONDAY);
      return span(first, first + count * 7);
    }),
    monthsAt: remembered((count, now) => {
      const date = new Date(dayOf(now) * DAY);
      const first = alignDown(date.getUTCFullYear() * 12 + date.getUTCMonth(), count, 0);
      return span(firstDayOf(first), firstDayOf(first + count));
    }),
  };
}

type SpanFinder = (count: number, now: EpochMs) => Span;

/** At midnight thousands of limits ask for the same span, and finding one takes some 100 microseconds. */
function remembered(find: SpanFinder): SpanFinder {
  const latest = new Map<number, Span>();
  return (count, now) => {
    const known = latest.get(count);
    if (known && known.start <= now && now < known.end) return known;
    const found = find(count, now);
    latest.set(count, found);
    return found;
  };
}

function alignDown(value: number, length: number, origin: number): number {
  return Math.floor((value - origin) / length) * length + origin;
}

/** @param month months since January of the year 0 */
function firstDayOf(month: number): DayNumber {
  return new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1) / DAY;
}

function dateReader(timeZone: string): ((at: EpochMs) => DayNumber) | null {
  if (timeZone === "UTC") return (at) => Math.floor(at / DAY);
  try {
    const options = { timeZone, calendar: "iso8601", numberingSystem: "latn" } as const;
    const format = new Intl.DateTimeFormat("en", {
      ...options,
      year: "numeric",
      month: "numeric",
      day: "numeric",
    });
    return (at) => {
      const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
      return Date.UTC(parts.get("year") ?? 0, (parts.get("month") ?? 1) - 1, parts.get("day")) / DAY;
    };
  } catch {
    return null;
  }
}

/**
 * When a date begins: usually at midnight, but an hour later where the clock skips midnight. Dates only go up, so
 * it is found by halving the days around midnight of UTC; zones differ from that by 14 hours at the most.
 */
function firstInstant(dayOf: (at: EpochMs) => DayNumber, day: DayNumber): EpochMs {
  let before = (day - 1) * DAY;
  let reached = (day + 1) * DAY;
  while (reached - before > 1) {
    const middle = Math.floor((before + reached) / 2);
    if (dayOf(middle) < day) before = middle;
    else reached = middle;
  }
  return reached;
}
