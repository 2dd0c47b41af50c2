import { type Level, type Limit, units } from "../policy/limit.js";
import { formatWindow, parseWindow } from "../policy/window.js";
import type { LimitEntry, PolicyFile } from "./schema.js";

/** Where limits stand in the file: a tier's name, limits of their own, or both. */
export interface LimitSource {
  readonly tier?: string | undefined;
  readonly limits?: readonly LimitEntry[] | undefined;
}

/** Levels whose tiers may have a burst limit that is counted and reported as a level of its own. */
const burstLevels: Partial<Record<Level, Level>> = {
  subscription: "subscriptionBurst",
  application: "applicationBurst",
};

/** Makes the limits of a policy and keeps them by id. */
export class LimitBook {
  readonly byId = new Map<string, Limit>();
  readonly #tiers: NonNullable<PolicyFile["tiers"]>;

  constructor(tiers: NonNullable<PolicyFile["tiers"]>) {
    this.#tiers = tiers;
  }

  /**
   * The limits of one scope. Where a tier and the scope's own limits count the same unit over the same window
   * they share a counter, and the smaller number holds.
   */
  limits(level: Level, scope: string, { tier, limits = [] }: LimitSource): readonly Limit[] {
    const entry = tier !== undefined && Object.hasOwn(this.#tiers, tier) ? this.#tiers[tier] : undefined;
    const made = new Map<string, Limit>();
    for (const limit of [...(entry?.limits ?? []), ...limits]) this.#make(made, level, scope, limit);
    if (entry?.burst) this.#make(made, burstLevels[level] ?? level, scope, entry.burst);
    for (const [id, limit] of made) this.byId.set(id, limit);
    return [...made.values()];
  }

  #make(made: Map<string, Limit>, level: Level, scope: string, entry: LimitEntry): void {
    const window = parseWindow(entry.per);
    if (!window) throw new Error(`window not checked: ${entry.per}`);
    for (const unit of units) {
      const max = entry[unit];
      if (max === undefined) continue;
      const id = `${level}:${scope}:${unit}:${formatWindow(window)}`;
      const twin = made.get(id);
      if (!twin || max < twin.max) made.set(id, { id, level, scope, unit, max, window });
    }
  }
}
