import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Field } from "../../src/document/field.js";
import { Notes } from "../../src/document/notes.js";
import { readPer, readPeriod } from "../../src/wso2/time.js";

const read = (limit: Record<string, unknown>) => {
  const notes = new Notes();
  return [readPer(new Field("tier.yaml", limit), notes), ...notes.notes];
};

describe("readPeriod", () => {
  const spellings = {
    second: ["s", "sec", "secs", "second", "seconds", "SECOND"],
    minute: ["m", "min", "mins", "minute", "Minutes", "MINUTE"],
    hour: ["h", "hour", "hours", "HOUR"],
    day: ["d", "day", "days", "DAY"],
    week: ["week", "weeks"],
    month: ["month", "months"],
    year: ["year", "YEARS"],
  };
  for (const [period, words] of Object.entries(spellings)) {
    test(`reads ${words.join(", ")}`, () => {
      for (const word of words) assert.equal(readPeriod(word), period, word);
    });
  }

  test("reads nothing else", () => {
    for (const word of ["", "ss", "fortnight", "constructor", "toString", "__proto__"]) {
      assert.equal(readPeriod(word), undefined, word);
    }
  });
});

describe("readPer", () => {
  test("multiplies the unit by unitTime, which is 1 where it is left out", () => {
    assert.deepEqual(read({ timeUnit: "min", unitTime: 15 }), ["15 minutes"]);
    assert.deepEqual(read({ timeUnit: "min", unitTime: "1" }), ["minute"]);
    assert.deepEqual(read({ timeUnit: "hour", unitTime: null }), ["hour"]);
    assert.deepEqual(read({ timeUnit: "day", unitTime: 2 }), ["2 days"]);
  });

  test("tells where calendars differ", () => {
    const notes = ["week", "month", "year"].map((timeUnit) => read({ timeUnit, unitTime: 1 })[1]);
    assert.deepEqual(notes, [
      "tier.yaml: timeUnit: WSO2's weeks begin on Thursday at 00:00 UTC, weir's on Monday",
      "tier.yaml: timeUnit: WSO2 counts months of one fixed length since 1970, weir those of the calendar",
      "tier.yaml: timeUnit: WSO2 counts years of one fixed length since 1970, weir those of the calendar",
    ]);
  });

  test("takes no window that there is not", () => {
    for (const unitTime of [0, -1, 1.5, 100_000, "many", {}]) {
      const [per, note] = read({ timeUnit: "min", unitTime });
      assert.equal(per, undefined);
      assert.match(note ?? "", /^tier\.yaml: unitTime: ".*" is no number of minutes to count over/);
    }
    assert.match(read({})[1] ?? "", /^tier\.yaml: timeUnit: "" is no unit of time that is known/);
  });
});
