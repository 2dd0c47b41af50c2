import type { TierEntry } from "../config/schema/limit.js";
import type { PolicyFile } from "../config/schema/policy.js";
import { label } from "../config/schema/text.js";
import type { Field } from "../document/field.js";
import { Notes } from "../document/notes.js";
import { defaultTiers, isUnlimited, type Level, levels } from "./level.js";
import { translateTier } from "./tier.js";
import { countsTokens, withoutTokens } from "./tokens.js";

/** A throttling policy as it was exported. */
export interface TierSource {
  readonly level: Level;
  readonly data: Field;
}

interface Tier {
  /** What weir calls it: WSO2 has names for each level, weir has them for all. */
  readonly name: string;
  /** Null for one that limits nothing. */
  readonly entry: TierEntry | null;
  /** Where it comes from. */
  readonly file: string;
}

/** What refers to a tier. */
export interface TierUse {
  readonly level: Level;
  readonly at: Field;
  /** Whether responses tell tokens there. */
  readonly tellsTokens: boolean;
}

/** The exported tiers and WSO2's own, and which of them are referred to. */
export class TierBook {
  readonly #notes: Notes;
  readonly #tiers = new Map<string, Tier>();
  readonly #written = new Map<string, TierEntry>();
  #includesDefaults = false;

  constructor(sources: readonly TierSource[], notes: Notes) {
    this.#notes = notes;
    for (const level of levels) {
      for (const { data } of sources.filter((source) => source.level === level))
        this.#add(level, data, sources);
    }
  }

  /** The name of a tier for weir; undefined where nothing is limited. */
  refer({ level, at, tellsTokens }: TierUse): string | undefined {
    const name = at.text();
    if (name === undefined || isUnlimited(name)) return undefined;
    const tier = this.#tiers.get(id(level, name));
    if (tier) return tellsTokens ? nameOf(tier) : this.#withoutTokens(tier, at);
    if (defaultTiers.some((known) => known.level === level && known.name === name)) {
      this.#includesDefaults = true;
      return name;
    }
    const missing = `there is no ${level} policy "${name}" among the exported ones: nothing is limited by it`;
    this.#notes.add(at, `${missing}; export it too, or write it under tiers`);
    return undefined;
  }

  /** Whether a group looks at the claims of tokens. */
  get readsClaims(): boolean {
    const groups = [...this.#written.values()].flatMap((tier) => tier.groups ?? []);
    return groups.some(({ when }) => when.some(({ claim }) => claim !== undefined));
  }

  /** The part of the policy file that the tiers are. */
  toFile(): Pick<PolicyFile, "include" | "tiers"> {
    return {
      ...(this.#includesDefaults && { include: "wso2-default-tiers" as const }),
      ...(this.#written.size > 0 && { tiers: Object.fromEntries(this.#written) }),
    };
  }

  #add(level: Level, data: Field, sources: readonly TierSource[]): void {
    const at = data.at("policyName");
    const original = label.safeParse(at.text()).data;
    if (original === undefined || original === "__proto__") {
      this.#notes.reject(at, "the policy has no name that could be one");
      return;
    }
    if (isUnlimited(original)) return;
    const known = this.#tiers.get(id(level, original));
    const entry = translateTier(level, data, known ? new Notes() : this.#notes);
    if (known) {
      if (sameTier(known.entry, entry)) return;
      this.#notes.add(at, `another ${level} policy "${original}" is taken: ${known.file}`);
      return;
    }
    if (entry === null) this.#notes.add(at, `"${original}" limits nothing here and is no tier`);
    const name = entry === null ? original : this.#nameFor(level, original, entry, sources);
    if (name !== original)
      this.#notes.add(at, `another level has a "${original}" too: this one becomes "${name}"`);
    this.#tiers.set(id(level, original), { name, entry, file: data.file });
    if (entry) this.#written.set(name, entry);
  }

  /** The policy's own name where no tier of another level has it. */
  #nameFor(level: Level, name: string, entry: TierEntry, sources: readonly TierSource[]): string {
    const isExported = (at: Level) =>
      sources.some((source) => source.level === at && source.data.at("policyName").text() === name);
    const shipped = defaultTiers.find(
      (tier) => tier.name === name && tier.level !== level && !isExported(tier.level),
    );
    const other = this.#written.get(name) ?? shipped?.entry;
    if (!other || sameTier(other, entry)) return name;
    return this.#free(`${name} (${level})`);
  }

  #free(name: string): string {
    return this.#written.has(name) ? this.#free(`${name}'`) : name;
  }

  /** Elsewhere than at AI APIs, a limit on tokens would never be reached, and weir refuses it. */
  #withoutTokens(tier: Tier, at: Field): string | undefined {
    if (tier.entry === null || !countsTokens(tier.entry)) return nameOf(tier);
    const entry = withoutTokens(tier.entry);
    const rest = entry ? "without them" : "as Unlimited";
    this.#notes.add(at, `"${tier.name}" counts tokens, which no response tells here: it is taken ${rest}`);
    if (!entry) return undefined;
    const name = `${tier.name} without tokens`;
    const free = sameTier(this.#written.get(name) ?? entry, entry) ? name : this.#free(name);
    this.#written.set(free, entry);
    return free;
  }
}

function nameOf({ name, entry }: Tier): string | undefined {
  return entry === null ? undefined : name;
}

function sameTier(one: TierEntry | null, other: TierEntry | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function id(level: Level, name: string): string {
  return `${level} ${name}`;
}
