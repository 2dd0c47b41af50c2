import type { LimitEntry, TierEntry } from "../config/schema/limit.js";
import { tokenUnits, units } from "../policy/limit.js";

/** Whether any limit of a tier counts tokens. */
export function countsTokens({ limits = [], burst, groups = [] }: TierEntry): boolean {
  const all = [...limits, ...(burst ? [burst] : []), ...groups.flatMap((group) => group.limits ?? [])];
  return all.some((entry) => tokenUnits.some((unit) => entry[unit] !== undefined));
}

/** The same tier without its limits on tokens, or null when nothing is left. */
export function withoutTokens({ limits, burst, groups, ...rest }: TierEntry): TierEntry | null {
  const kept = limits?.flatMap(strip);
  const [keptBurst] = burst ? strip(burst) : [];
  if (!kept?.length && !keptBurst && !groups) return null;
  return {
    ...(kept?.length && { limits: kept }),
    ...(keptBurst && { burst: keptBurst }),
    ...(groups && {
      groups: groups.map(({ limits: own = [], ...group }) => ({ ...group, ...some(own.flatMap(strip)) })),
    }),
    ...rest,
  };
}

function some(limits: LimitEntry[]): { limits?: LimitEntry[] } {
  return limits.length > 0 ? { limits } : {};
}

function strip(entry: LimitEntry): LimitEntry[] {
  const { totalTokens, promptTokens, completionTokens, ...rest } = entry;
  return units.some((unit) => rest[unit as keyof typeof rest] !== undefined) ? [rest] : [];
}
