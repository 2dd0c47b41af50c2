import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { type Period, parseWindow } from "../policy/window.js";

const spellings: ReadonlyMap<string, Period> = new Map([
  ["s", "second"],
  ["sec", "second"],
  ["second", "second"],
  ["m", "minute"],
  ["min", "minute"],
  ["minute", "minute"],
  ["h", "hour"],
  ["hour", "hour"],
  ["d", "day"],
  ["day", "day"],
  ["week", "week"],
  ["month", "month"],
  ["year", "year"],
]);

/** Reads a unit of time in any of WSO2's spellings: `min`, `MINUTE`, `days`. */
export function readPeriod(text: string): Period | undefined {
  return spellings.get(text.toLowerCase().replace(/(?<=...)s$/, ""));
}

/** `15 minutes`, as a policy file writes a window. */
export function formatPer(count: number, period: Period): string {
  return count === 1 ? period : `${count} ${period}s`;
}

/** The window of a limit: its `timeUnit`, `unitTime` of them. Undefined, and noted, where it is none. */
export function readPer(limit: Field, notes: Notes): string | undefined {
  const unit = limit.at("timeUnit");
  const period = readPeriod(unit.text() ?? "");
  if (!period) {
    notes.add(unit, `"${unit.text() ?? ""}" is no unit of time that is known: the limit is left out`);
    return undefined;
  }
  const amount = limit.at("unitTime");
  const count = amount.isThere ? (amount.whole() ?? 0) : 1;
  const per = formatPer(count, period);
  if (parseWindow(per) === null) {
    notes.add(
      amount,
      `"${amount.text() ?? ""}" is no number of ${period}s to count over: the limit is left out`,
    );
    return undefined;
  }
  const difference = differences[period];
  if (difference) notes.add(unit, difference);
  return per;
}

/** WSO2 aligns all windows to 1970-01-01T00:00Z; so does weir, but for those that people look up in a calendar. */
const differences: Partial<Record<Period, string>> = {
  week: "WSO2's weeks begin on Thursday at 00:00 UTC, weir's on Monday",
  month: "WSO2 counts months of one fixed length since 1970, weir those of the calendar",
  year: "WSO2 counts years of one fixed length since 1970, weir those of the calendar",
};
