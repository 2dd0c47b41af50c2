import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  formatWindow,
  type Period,
  parseWindow,
  periods,
  spanAt,
  type Window,
} from "../../src/policy/window.js";
import { windowOf } from "../support/limits.js";

const at = (text: string) => Date.parse(text);

function spanOf(per: string, now: string) {
  const { start, end } = spanAt(windowOf(per), at(now));
  return `${new Date(start).toISOString()} ${new Date(end).toISOString()}`.replaceAll(":00.000Z", "Z");
}

describe("the window that a moment falls in", () => {
  const cases = [
    ["second", "2024-05-06T07:08:09.999Z", "2024-05-06T07:08:09.000Z 2024-05-06T07:08:10.000Z"],
    ["minute", "2024-05-06T07:08:09.999Z", "2024-05-06T07:08Z 2024-05-06T07:09Z"],
    ["hour", "2024-05-06T07:08:09.999Z", "2024-05-06T07:00Z 2024-05-06T08:00Z"],
    ["day", "2024-05-06T07:08:09.999Z", "2024-05-06T00:00Z 2024-05-07T00:00Z"],
    ["month", "2024-05-06T07:08:09.999Z", "2024-05-01T00:00Z 2024-06-01T00:00Z"],
    ["year", "2024-05-06T07:08:09.999Z", "2024-01-01T00:00Z 2025-01-01T00:00Z"],
    ["15 minutes", "2024-05-06T07:44:59.999Z", "2024-05-06T07:30Z 2024-05-06T07:45Z"],
    ["6 hours", "2024-05-06T07:08:09Z", "2024-05-06T06:00Z 2024-05-06T12:00Z"],
    ["3 months", "2024-05-06T07:08:09Z", "2024-04-01T00:00Z 2024-07-01T00:00Z"],
    ["6 months", "2024-12-31T23:59:59.999Z", "2024-07-01T00:00Z 2025-01-01T00:00Z"],
    ["10 years", "2024-05-06T00:00Z", "2020-01-01T00:00Z 2030-01-01T00:00Z"],
  ] as const;
  for (const [per, now, span] of cases) {
    test(`of a ${per} is aligned to the calendar in UTC`, () => assert.equal(spanOf(per, now), span));
  }

  test("holds its first moment, and not the first of the next", () => {
    assert.equal(spanOf("minute", "2024-05-06T07:08:00.000Z"), "2024-05-06T07:08Z 2024-05-06T07:09Z");
    assert.equal(spanOf("minute", "2024-05-06T07:09:00.000Z"), "2024-05-06T07:09Z 2024-05-06T07:10Z");
  });

  test("of a week starts on Monday", () => {
    const week = "2024-04-29T00:00Z 2024-05-06T00:00Z";
    assert.equal(spanOf("week", "2024-04-29T00:00:00Z"), week);
    assert.equal(spanOf("week", "2024-05-05T23:59:59.999Z"), week);
    assert.equal(new Date("2024-04-29").getUTCDay(), 1);
  });

  test("of a February is as long as the year makes it", () => {
    assert.equal(spanOf("month", "2024-02-29T12:00:00Z"), "2024-02-01T00:00Z 2024-03-01T00:00Z");
    assert.equal(spanOf("month", "2023-02-28T12:00:00Z"), "2023-02-01T00:00Z 2023-03-01T00:00Z");
    assert.equal(spanOf("month", "2100-02-28T12:00:00Z"), "2100-02-01T00:00Z 2100-03-01T00:00Z");
  });

  test("before 1970 is aligned as after it", () => {
    assert.equal(spanOf("week", "1969-12-31T00:00:00Z"), "1969-12-29T00:00Z 1970-01-05T00:00Z");
    assert.equal(spanOf("month", "1968-02-29T00:00:00Z"), "1968-02-01T00:00Z 1968-03-01T00:00Z");
  });
});

/** The number of whole periods since the start of the calendar, counted as a person would. */
function periodsBefore(period: Period, ms: number): number {
  const date = new Date(ms);
  const seconds = Math.floor(ms / 1000);
  switch (period) {
    case "second":
      return seconds;
    case "minute":
      return Math.floor(seconds / 60);
    case "hour":
      return Math.floor(seconds / 3600);
    case "day":
      return Math.floor(seconds / 86_400);
    case "week":
      return Math.floor((ms - Date.UTC(1970, 0, 5)) / (7 * 86_400_000));
    case "month":
      return date.getUTCFullYear() * 12 + date.getUTCMonth();
    case "year":
      return date.getUTCFullYear();
  }
}

const anyWindow: fc.Arbitrary<Window> = fc
  .tuple(fc.integer({ min: 1, max: 1000 }), fc.constantFrom(...periods))
  .map(([count, period]) => windowOf(`${count} ${period}s`));
const anyMoment = fc.integer({ min: at("1900-01-01T00:00:00Z"), max: at("2200-01-01T00:00:00Z") });

describe("windows, whatever their length", () => {
  const group = (window: Window, ms: number) => Math.floor(periodsBefore(window.period, ms) / window.count);

  test("are those of a model that counts periods: a moment's first and last, and no more", () => {
    fc.assert(
      fc.property(anyWindow, anyMoment, (window, now) => {
        const { start, end } = spanAt(window, now);
        assert.ok(start <= now && now < end);
        const here = group(window, now);
        assert.equal(group(window, start), here);
        assert.equal(group(window, end - 1), here);
        assert.equal(group(window, start - 1), here - 1);
        assert.equal(group(window, end), here + 1);
      }),
      { numRuns: 500 },
    );
  });

  test("follow each other without gap or overlap", () => {
    fc.assert(
      fc.property(anyWindow, anyMoment, (window, now) => {
        const span = spanAt(window, now);
        assert.equal(spanAt(window, span.end).start, span.end);
        assert.equal(spanAt(window, span.start - 1).end, span.start);
        assert.deepEqual(spanAt(window, span.end - 1), span);
      }),
    );
  });
});

describe("a window in the policy file", () => {
  test("reads back as it was written", () => {
    fc.assert(
      fc.property(anyWindow, (window) => {
        const { count, period } = window;
        assert.deepEqual(parseWindow(formatWindow(window)), { count, period });
      }),
    );
  });

  const spellings = { minute: "minute", "1 minute": "minute", "1 minutes": "minute", "2 week": "2 weeks" };
  for (const [text, shown] of Object.entries(spellings)) {
    test(`may be written "${text}" and is shown as "${shown}"`, () => {
      assert.equal(formatWindow(windowOf(text)), shown);
    });
  }

  const rejects = [
    "",
    "minutes",
    "Minute",
    "0 minutes",
    "-1 minutes",
    "1.5 hours",
    "01 minutes",
    "1e3 seconds",
  ];
  rejects.push("fortnight", "5minutes", "5  minutes", " minute", "minute ", "minute\n", "minute hour");
  for (const text of rejects) {
    test(`cannot be ${JSON.stringify(text)}`, () => assert.equal(parseWindow(text), null));
  }

  test("ends at a date even where it is as long as can be written", () => {
    assert.equal(parseWindow("100000 years"), null);
    for (const period of periods) {
      const { start, end } = spanAt(windowOf(`99999 ${period}s`), at("2024-05-06T07:08:09Z"));
      assert.ok(
        Number.isFinite(new Date(start).getTime()) && Number.isFinite(new Date(end).getTime()),
        period,
      );
    }
  });
});
