import { tokenUnits } from "../../policy/limit.js";
import { allLimits } from "../limit-lists.js";
import type { Problem } from "../problem.js";
import type { LimitEntry, TierEntry } from "../schema/limit.js";
import type { Draft } from "../shape.js";
import type { Path } from "../yaml.js";
import { entries, type File } from "./names.js";
import { tierReferences } from "./references.js";

/** Tokens, money and models are only known of AI APIs: elsewhere limits on them would never be reached. */
export function checkAiLimits(file: File): Problem[] {
  const { apis = [], applications = [], tiers = {} } = file;
  const isAi = new Map(
    entries(file, "apis").map((api) => [
      `${api?.name}/${api?.version}`,
      api === undefined || Object.hasOwn(api, "ai"),
    ]),
  );
  const aiCovers = (path: Path): boolean => {
    const [room, index] = path;
    if (room === "apis") return Object.hasOwn(apis[index as number] ?? {}, "ai");
    if (room === "applications") {
      const subscriptions = Object.keys(applications[index as number]?.subscriptions ?? {});
      return subscriptions.some((ref) => isAi.get(ref) ?? true);
    }
    return servesAi(file);
  };
  const own = allLimits(file)
    .filter(({ path }) => path[0] !== "tiers" && !aiCovers(path))
    .flatMap(({ path, entry }) => complaint(path, [entry]));
  const referred = tierReferences(file).flatMap(({ path, tier }) => {
    const entry = Object.hasOwn(tiers, tier) ? tiers[tier] : undefined;
    const covered = path[2] === "subscriptions" ? (isAi.get(String(path[3])) ?? true) : aiCovers(path);
    return entry && !covered ? complaint(path, tierLimits(entry)) : [];
  });
  return [...own, ...referred];
}

/** Whether an API of the file is an AI API, or may be one. */
export function servesAi(file: File): boolean {
  return entries(file, "apis").some((api) => api === undefined || Object.hasOwn(api, "ai"));
}

function tierLimits(tier: Draft<TierEntry>): Draft<LimitEntry>[] {
  const grouped = (tier.groups ?? []).flatMap((group) => group?.limits ?? []);
  return [...(tier.limits ?? []), tier.burst, ...grouped].filter((entry) => entry !== undefined);
}

function complaint(path: Path, limits: readonly Draft<LimitEntry>[]): Problem[] {
  const what = limits.map(limited).find((what) => what !== null);
  return what ? [{ path, message: `limits ${what}: it takes an API with an ai section` }] : [];
}

/** What of an entry only AI APIs tell. */
function limited(entry: Draft<LimitEntry>): string | null {
  if (tokenUnits.some((unit) => entry[unit] !== undefined)) return "tokens where no response tells them";
  if (entry.spend !== undefined) return "spend where no response tells what it cost";
  return entry.model === undefined ? null : "a model where no request names one";
}
