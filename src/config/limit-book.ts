import { type Calendar, calendarOf } from "../policy/calendar.js";
import type { Condition } from "../policy/condition.js";
import { parseIpRange } from "../policy/ip-range.js";
import { type Level, type Limit, type Unit, units } from "../policy/limit.js";
import { type ModelPattern, modelPattern } from "../policy/model.js";
import type { ConditionalTier, LimitSet } from "../policy/policy.js";
import { formatWindow, parseWindow, type Window } from "../policy/window.js";
import { readBytes } from "./bytes.js";
import { millionths } from "./millionths.js";
import type { ConditionEntry, LimitEntry, TierEntry } from "./schema/limit.js";
import type { PolicyFile } from "./schema/policy.js";

/** Where limits stand in the file: a tier's name, limits of their own, or both. */
export interface LimitSource {
  readonly tier?: string | undefined;
  readonly limits?: LimitEntry[] | undefined;
  /** Whether all of them only watch. */
  readonly shadow?: boolean | undefined;
}

/** Levels whose tiers may have a burst limit that is counted and reported as a level of its own. */
const burstLevels: Partial<Record<Level, Level>> = {
  subscription: "subscriptionBurst",
  application: "applicationBurst",
};

/** Where no group's conditions are met. */
export const DEFAULT_GROUP = "default";

/** What a group is known by where it has no name. */
export function groupName({ name }: { readonly name?: string | undefined }, index: number): string {
  return name ?? `group ${index + 1}`;
}

interface Made {
  readonly entry: LimitEntry;
  readonly level: Level;
  readonly enforced: boolean;
}

/** Makes the limits of a policy and keeps them by id. */
export class LimitBook {
  readonly byId = new Map<string, Limit>();
  readonly #tiers: ReadonlyMap<string, TierEntry>;
  readonly #shadow: boolean;
  readonly #timeZone: string;
  readonly #calendars = new Map<string, Calendar>();

  constructor(tiers: ReadonlyMap<string, TierEntry>, { shadow = false, timeZone = "UTC" }: PolicyFile) {
    this.#tiers = tiers;
    this.#shadow = shadow;
    this.#timeZone = timeZone;
  }

  /** The limits of one scope: the tier's and its own. */
  limits(level: Level, scope: string, source: LimitSource): readonly Limit[] {
    const own = this.#made(level, { limits: source.limits }, source.shadow);
    return this.#register(scope, [...this.#ofTier(level, source), ...own]);
  }

  /** The limits of an API or resource, whose tier may have groups. */
  limitSet(level: Level, scope: string, source: LimitSource): LimitSet {
    const tier = this.#tier(source.tier);
    if (!tier?.groups && !tier?.perUser) return { own: this.limits(level, scope, source), tier: null };
    return {
      own: this.limits(level, scope, { ...source, tier: undefined }),
      tier: this.#conditional(level, scope, source, tier),
    };
  }

  #conditional(level: Level, scope: string, source: LimitSource, tier: TierEntry): ConditionalTier {
    const perUser = tier.perUser ?? false;
    const counted = perUser ? `${scope} per user` : scope;
    return {
      perUser,
      groups: (tier.groups ?? []).map((group, index) => ({
        conditions: group.when.map(compileCondition),
        limits: this.#register(
          `${counted} [${groupName(group, index)}]`,
          this.#made(level, { ...tier, limits: group.limits }, source.shadow),
        ),
      })),
      otherwise: this.#register(`${counted} [${DEFAULT_GROUP}]`, this.#ofTier(level, source)),
    };
  }

  #ofTier(level: Level, { tier: name, shadow }: LimitSource): Made[] {
    const tier = this.#tier(name);
    return tier ? this.#made(level, tier, shadow) : [];
  }

  #made(level: Level, tier: Partial<TierEntry>, shadow: boolean | undefined): Made[] {
    const enforced = !(this.#shadow || shadow || tier.shadow);
    const made = (tier.limits ?? []).map((entry) => ({
      entry,
      level,
      // WSO2: a quota that is not to stop is let past and reported; a burst is held all the same.
      enforced: enforced && !entry.shadow && tier.stopOnQuotaReach !== false,
    }));
    if (tier.burst) {
      const burst = { entry: tier.burst, level: burstLevels[level] ?? level };
      made.push({ ...burst, enforced: enforced && !tier.burst.shadow });
    }
    return made;
  }

  #tier(name: string | undefined): TierEntry | undefined {
    return name === undefined ? undefined : this.#tiers.get(name);
  }

  /**
   * Limits of one scope on the same unit, window and model share a counter, and the smaller number holds; only one
   * that watches beside one that is enforced is counted apart.
   */
  #register(scope: string, all: readonly Made[]): readonly Limit[] {
    const byId = new Map<string, Limit>();
    for (const { entry, level, enforced } of [...all].sort(
      (a, b) => Number(b.enforced) - Number(a.enforced),
    )) {
      const window = this.#window(entry);
      const model = entry.model === undefined ? null : modelPattern(entry.model);
      for (const unit of units) {
        const max = maxOf(entry, unit);
        if (max === undefined || max === null) continue;
        const shared = `${level}:${scope}:${unit}:${formatWindow(window)}${modelSuffix(model)}`;
        const id = !enforced && byId.get(shared)?.enforced ? `${shared}:shadow` : shared;
        const twin = byId.get(id);
        if (!twin || max < twin.max) byId.set(id, { id, level, scope, unit, max, model, window, enforced });
      }
    }
    for (const [id, limit] of byId) this.byId.set(id, limit);
    return [...byId.values()];
  }

  #window({ per, window: kind = "fixed", timeZone = this.#timeZone }: LimitEntry): Window {
    const length = parseWindow(per);
    if (!length) throw new Error(`window not checked: ${per}`);
    return { kind, ...length, calendar: this.#calendar(timeZone) };
  }

  #calendar(timeZone: string): Calendar {
    const calendar = this.#calendars.get(timeZone) ?? calendarOf(timeZone);
    if (!calendar) throw new Error(`time zone not checked: ${timeZone}`);
    this.#calendars.set(timeZone, calendar);
    return calendar;
  }
}

/** The number of a limit, in its unit; undefined or null where the entry has none. */
function maxOf(entry: LimitEntry, unit: Unit): number | null | undefined {
  switch (unit) {
    case "bytes":
      return readBytes(entry.bytes);
    case "spend":
      return entry.spend === undefined ? undefined : millionths(entry.spend);
    case "requests":
    case "totalTokens":
    case "promptTokens":
    case "completionTokens":
      return entry[unit];
    default:
      return unit satisfies never;
  }
}

/** Without colons of the name's own: the parts of an id can be told apart from its end. */
function modelSuffix(model: ModelPattern | null): string {
  return model ? `:model=${model.text.replace(/[%:]/g, encodeURIComponent)}` : "";
}

function compileCondition(entry: ConditionEntry): Condition {
  const { ip, header, query, claim, matches = "", invert = false } = entry;
  if (ip !== undefined) {
    const range = parseIpRange(ip);
    if (!range) throw new Error(`address not checked: ${ip}`);
    return { kind: "ip", range, invert };
  }
  const pattern = new RegExp(matches);
  if (header !== undefined) return { kind: "header", name: header.toLowerCase(), pattern, invert };
  if (query !== undefined) return { kind: "query", name: query, pattern, invert };
  if (claim !== undefined) return { kind: "claim", name: claim, pattern, invert };
  throw new Error("condition not checked");
}
