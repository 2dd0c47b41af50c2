import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Calendar, calendarOf } from "../../src/policy/calendar.js";

const HOUR = 3_600_000;
const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "Asia/Beirut",
  "Pacific/Kiritimati",
  "Pacific/Pago_Pago",
];

function calendar(zone: string): Calendar {
  const found = calendarOf(zone);
  assert.ok(found, zone);
  return found;
}

/** What a clock on the wall of the zone shows. */
function wallClock(zone: string, at: number): string {
  const options = { timeZone: zone, hourCycle: "h23", dateStyle: "short", timeStyle: "medium" } as const;
  return new Intl.DateTimeFormat("sv-SE", options).format(at);
}

const instant = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2032, 0, 1) });

describe("the calendar of a time zone", () => {
  test("knows no zone that does not exist", () => {
    assert.equal(calendarOf("Europe/Atlantis"), null);
    assert.equal(calendarOf(""), null);
  });

  test("has a day of 23 hours when the clock goes forward and one of 25 when it goes back", () => {
    const berlin = calendar("Europe/Berlin");
    const length = (at: number) => {
      const { start, end } = berlin.daysAt(1, at);
      return (end - start) / HOUR;
    };
    assert.equal(length(Date.UTC(2026, 2, 28, 12)), 24);
    assert.equal(length(Date.UTC(2026, 2, 29, 12)), 23);
    assert.equal(length(Date.UTC(2026, 9, 25, 12)), 25);
  });

  test("starts a day at one o'clock where the clock skips midnight", () => {
    const { start } = calendar("Asia/Beirut").daysAt(1, Date.UTC(2026, 2, 29, 12));
    assert.equal(wallClock("Asia/Beirut", start), "2026-03-29 01:00:00");
  });

  test("starts weeks on Monday, months on the first and years on the first of January", () => {
    const berlin = calendar("Europe/Berlin");
    const now = Date.UTC(2026, 10, 22, 23, 30); // Monday there, Sunday in UTC
    assert.equal(wallClock("Europe/Berlin", berlin.weeksAt(1, now).start), "2026-11-23 00:00:00");
    assert.equal(wallClock("Europe/Berlin", berlin.monthsAt(1, now).start), "2026-11-01 00:00:00");
    assert.equal(wallClock("Europe/Berlin", berlin.monthsAt(1, now).end), "2026-12-01 00:00:00");
    assert.equal(wallClock("Europe/Berlin", berlin.monthsAt(12, now).start), "2026-01-01 00:00:00");
    assert.equal(wallClock("Europe/Berlin", berlin.monthsAt(3, now).start), "2026-10-01 00:00:00");
  });

  test("agrees with the wall clock: all instants of a day, and no others, show its date", () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), instant, (zone, now) => {
        const { start, end } = calendar(zone).daysAt(1, now);
        const date = (at: number) => wallClock(zone, at).slice(0, 10);
        assert.ok(start <= now && now < end);
        assert.equal(date(start), date(now));
        assert.equal(date(end - 1), date(now));
        assert.notEqual(date(start - 1), date(now));
        assert.notEqual(date(end), date(now));
      }),
    );
  });

  test("leaves no gap and no overlap between one span and the next", () => {
    const length = fc.constantFrom("daysAt" as const, "weeksAt" as const, "monthsAt" as const);
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        length,
        fc.integer({ min: 1, max: 40 }),
        instant,
        (zone, of, count, now) => {
          const { start, end } = calendar(zone)[of](count, now);
          assert.ok(start <= now && now < end);
          assert.deepEqual(calendar(zone)[of](count, start), { start, end });
          assert.deepEqual(calendar(zone)[of](count, end - 1), { start, end });
          assert.equal(calendar(zone)[of](count, end).start, end);
        },
      ),
    );
  });
});

test("a span that many limits ask for at midnight is found once", () => {
  const berlin = calendar("Europe/Berlin");
  const midnight = berlin.daysAt(1, Date.UTC(2026, 5, 1, 12)).end;
  assert.equal(berlin.daysAt(1, midnight), berlin.daysAt(1, midnight + 1));
  assert.notDeepEqual(berlin.daysAt(1, midnight), berlin.daysAt(2, midnight));
  assert.notEqual(berlin.daysAt(1, midnight).end, berlin.daysAt(1, midnight - 1).end);
});
