import { units } from "../../policy/limit.js";
import { modelPattern } from "../../policy/model.js";
import { parseWindow, windowLengthMs } from "../../policy/window.js";
import { allLimits, limitLists } from "../limit-lists.js";
import type { Problem } from "../problem.js";
import { type File, Names } from "./names.js";
import { tierReferences } from "./references.js";

/** Limits that would never be reached, or that cannot be counted as they are written. */
export function checkLimits(file: File): Problem[] {
  return [
    ...checkRepeatedLimits(file),
    ...checkWindows(file),
    ...checkTierUse(file),
    ...checkBytesOfModels(file),
  ];
}

/** Of two limits on the same unit, window and model, the larger one would never be reached. */
function checkRepeatedLimits(file: File): Problem[] {
  return limitLists(file).flatMap(({ path, entries }) => {
    const names = new Names("limit");
    for (const [i, entry] of entries.entries()) {
      if (entry?.per === undefined || parseWindow(entry.per) === null) continue;
      if (Object.hasOwn(entry, "model") && entry.model === undefined) continue;
      const { per, window = "fixed", timeZone = file.timeZone ?? "UTC", shadow = false } = entry;
      const length = lengthOf(per, window);
      const model = entry.model === undefined ? "" : ` of ${modelPattern(entry.model).text}`;
      for (const unit of units) {
        if (entry[unit] === undefined) continue;
        const shownWindow = `${window === "sliding" ? "sliding " : ""}${per.replace(/^1 /, "")}`;
        const shown = `limit "${unit} per ${shownWindow}${model}"`;
        names.add([unit, window, length, timeZone, shadow, model].join(" "), [...path, i, unit], shown);
      }
    }
    return names.problems;
  });
}

/** Equal for windows that are always the same: 60 seconds and a minute are, 7 days and a week begin differently. */
function lengthOf(per: string, window: "fixed" | "sliding"): string {
  const parsed = parseWindow(per);
  const lengthMs = parsed && windowLengthMs(parsed);
  const isClock = parsed && ["second", "minute", "hour"].includes(parsed.period);
  return lengthMs !== null && (isClock || window === "sliding") ? `${lengthMs} ms` : per.replace(/^1 /, "");
}

/** A window slides over a fixed length of time, and only whole days begin somewhere else in another time zone. */
function checkWindows(file: File): Problem[] {
  return allLimits(file).flatMap(({ path, entry: { per, window, timeZone } }) => {
    const length = per === undefined ? null : parseWindow(per);
    if (!length) return [];
    const lengthMs = windowLengthMs(length);
    const problems: Problem[] = [];
    if (window === "sliding" && lengthMs === null) {
      const message = `cannot slide: a ${length.period} has no fixed length; take days, or window: fixed`;
      problems.push({ path: [...path, "window"], message });
    }
    if (timeZone !== undefined && (window === "sliding" || (lengthMs !== null && lengthMs < DAY_MS))) {
      const message = "has no effect: only fixed windows of days and longer begin by a time zone";
      problems.push({ path: [...path, "timeZone"], message });
    }
    return problems;
  });
}

const DAY_MS = 86_400_000;

/** Groups and counting by user are what WSO2's advanced policies have; other levels already name whom they count. */
function checkTierUse(file: File): Problem[] {
  const { tiers = {} } = file;
  return tierReferences(file).flatMap(({ path, tier: name }) => {
    const tier = Object.hasOwn(tiers, name) ? tiers[name] : undefined;
    const part = tier?.groups ? "groups" : tier?.perUser ? "perUser" : null;
    if (path[0] === "apis" || part === null) return [];
    return [{ path, message: `tier "${name}" has ${part}, which is for APIs and resources only` }];
  });
}

/** Bytes are told by Envoy's access log, in which no model stands. */
function checkBytesOfModels(file: File): Problem[] {
  const message =
    "cannot be beside bytes: what tells how many they were does not tell the model; give them a limit of their own";
  return allLimits(file).flatMap(({ path, entry }) =>
    entry.bytes !== undefined && entry.model !== undefined ? [{ path: [...path, "model"], message }] : [],
  );
}
