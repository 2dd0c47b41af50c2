import type { TierEntry } from "./schema/limit.js";
import type { PolicyFile } from "./schema/policy.js";
import type { Draft } from "./shape.js";

const perMinute = (requests: number): TierEntry => ({ limits: [{ requests, per: "minute" }] });

/** Sets of tiers that a policy may include by name, and then overwrite one by one. */
export const tierSets = {
  /** What WSO2 API Manager ships: subscription, application and advanced policies. */
  "wso2-default-tiers": {
    Gold: perMinute(5000),
    Silver: perMinute(2000),
    Bronze: perMinute(1000),
    Unauthenticated: perMinute(500),
    "50PerMin": perMinute(50),
    "20PerMin": perMinute(20),
    "10PerMin": perMinute(10),
    "50KPerMin": perMinute(50_000),
    "20KPerMin": perMinute(20_000),
    "10KPerMin": perMinute(10_000),
  },
} as const satisfies Record<string, Record<string, TierEntry>>;

export type TierSetName = keyof typeof tierSets;
export const tierSetNames = Object.keys(tierSets) as TierSetName[];

/** The tier that everybody has unless the policy says otherwise. */
export const UNLIMITED = "Unlimited";

/** The tiers that a file may refer to, but for Unlimited: the included ones, and its own over them. */
export function tiersOf({
  include,
  tiers = {},
}: Pick<PolicyFile, "include" | "tiers">): Map<string, TierEntry> {
  return new Map([...included(include), ...Object.entries(tiers)]);
}

/** The names of all tiers, in a file that may have mistakes. */
export function tierNames({ include, tiers = {} }: Draft<PolicyFile>): string[] {
  return [...new Set([...Object.keys(tiers), ...included(include).map(([name]) => name), UNLIMITED])];
}

function included(name: TierSetName | undefined): [string, TierEntry][] {
  return name === undefined ? [] : Object.entries<TierEntry>(tierSets[name]);
}
