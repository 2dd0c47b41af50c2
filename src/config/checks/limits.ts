import { tokenUnits, units } from "../../policy/limit.js";
import { parseWindow, windowLengthMs } from "../../policy/window.js";
import type { Problem } from "../problem.js";
import type { LimitEntry, TierEntry } from "../schema/limit.js";
import type { Draft } from "../shape.js";
import type { Path } from "../yaml.js";
import { entries, type File, Names } from "./names.js";
import { tierReferences } from "./references.js";

/** Limits that would never be reached, or that cannot be counted as they are written. */
export function checkLimits(file: File): Problem[] {
  return [
    ...checkRepeatedLimits(file),
    ...checkWindows(file),
    ...checkTierUse(file),
    ...checkTokenLimits(file),
  ];
}

interface LimitList {
  readonly path: Path;
  readonly entries: readonly (Draft<LimitEntry> | undefined)[];
}

function limitLists({ gateway, tiers = {}, apis = [], applications = [], custom = [] }: File): LimitList[] {
  const lists: LimitList[] = [];
  const list = (entries: LimitList["entries"] | undefined, ...path: Path) => {
    if (entries) lists.push({ path: [...path, "limits"], entries });
  };
  list(gateway?.limits, "gateway");
  for (const [name, tier] of Object.entries(tiers)) {
    list(tier?.limits, "tiers", name);
    for (const [i, group] of (tier?.groups ?? []).entries()) list(group?.limits, "tiers", name, "groups", i);
  }
  for (const [i, api] of apis.entries()) {
    list(api?.limits, "apis", i);
    for (const [k, resource] of (api?.resources ?? []).entries()) {
      list(resource?.limits, "apis", i, "resources", k);
    }
    list(api?.backends?.production?.limits, "apis", i, "backends", "production");
    list(api?.backends?.sandbox?.limits, "apis", i, "backends", "sandbox");
  }
  for (const [i, application] of applications.entries()) list(application?.limits, "applications", i);
  for (const [i, rule] of custom.entries()) list(rule?.limits, "custom", i);
  return lists;
}

/** Of two limits on the same unit and window, the larger one would never be reached. */
function checkRepeatedLimits(file: File): Problem[] {
  return limitLists(file).flatMap(({ path, entries }) => {
    const names = new Names("limit");
    for (const [i, entry] of entries.entries()) {
      if (entry?.per === undefined || parseWindow(entry.per) === null) continue;
      const { per, window = "fixed", timeZone = file.timeZone ?? "UTC", shadow = false } = entry;
      const length = lengthOf(per, window);
      for (const unit of units) {
        if (entry[unit] === undefined) continue;
        const shown = `limit "${unit} per ${window === "sliding" ? "sliding " : ""}${per.replace(/^1 /, "")}"`;
        names.add([unit, window, length, timeZone, shadow].join(" "), [...path, i, unit], shown);
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

/** All limits of the file, bursts included, with the place of each. */
function allLimits(file: File): { path: Path; entry: Draft<LimitEntry> }[] {
  const listed = limitLists(file).flatMap(({ path, entries }) =>
    entries.flatMap((entry, i) => (entry ? [{ path: [...path, i], entry }] : [])),
  );
  const bursts = Object.entries(file.tiers ?? {}).flatMap(([name, tier]) =>
    tier?.burst ? [{ path: ["tiers", name, "burst"], entry: tier.burst }] : [],
  );
  return [...listed, ...bursts];
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

/** Tokens are only read from the responses of AI APIs: elsewhere a token limit would never be reached. */
function checkTokenLimits(file: File): Problem[] {
  const { apis = [], applications = [], tiers = {} } = file;
  const isAi = new Map(
    entries(file, "apis").map((api) => [
      `${api?.name}/${api?.version}`,
      api === undefined || Object.hasOwn(api, "ai"),
    ]),
  );
  const servesAi = [...isAi.values()].includes(true);
  const aiCovers = (path: Path): boolean => {
    const [room, index] = path;
    if (room === "apis") return Object.hasOwn(apis[index as number] ?? {}, "ai");
    if (room === "applications") {
      const subscriptions = Object.keys(applications[index as number]?.subscriptions ?? {});
      return subscriptions.some((ref) => isAi.get(ref) ?? true);
    }
    return servesAi;
  };
  const own = allLimits(file)
    .filter(({ path, entry }) => path[0] !== "tiers" && !aiCovers(path) && countsTokens(entry))
    .map(({ path }) => path);
  const referred = tierReferences(file).flatMap(({ path, tier }) => {
    const entry = Object.hasOwn(tiers, tier) ? tiers[tier] : undefined;
    const covered = path[2] === "subscriptions" ? (isAi.get(String(path[3])) ?? true) : aiCovers(path);
    return entry && !covered && tierLimits(entry).some(countsTokens) ? [path] : [];
  });
  const message = "limits tokens where no response tells them: it takes an API with an ai section";
  return [...own, ...referred].map((path) => ({ path, message }));
}

function tierLimits(tier: Draft<TierEntry>): Draft<LimitEntry>[] {
  const grouped = (tier.groups ?? []).flatMap((group) => group?.limits ?? []);
  return [...(tier.limits ?? []), tier.burst, ...grouped].filter((entry) => entry !== undefined);
}

function countsTokens(entry: Draft<LimitEntry>): boolean {
  return tokenUnits.some((unit) => entry[unit] !== undefined);
}
