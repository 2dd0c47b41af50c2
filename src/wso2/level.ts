import { tierSets } from "../config/tier-sets.js";

/** Where a policy of WSO2 may be set. Each level has names of its own. */
export const levels = ["subscription", "application", "advanced"] as const;
export type Level = (typeof levels)[number];

/** Reads `subscription policy`, `SubscriptionThrottlePolicy` and their like. */
export function levelOf(text: string | undefined): Level | "custom" | undefined {
  const word = text?.toLowerCase() ?? "";
  if (word.startsWith("custom") || word.startsWith("global")) return "custom";
  return levels.find((level) => word.startsWith(level));
}

type DefaultTier = keyof (typeof tierSets)["wso2-default-tiers"];

/** The level that each tier of weir's set of WSO2's defaults is at. */
const defaultLevels: Readonly<Record<DefaultTier, Level>> = {
  Gold: "subscription",
  Silver: "subscription",
  Bronze: "subscription",
  Unauthenticated: "subscription",
  "50PerMin": "application",
  "20PerMin": "application",
  "10PerMin": "application",
  "50KPerMin": "advanced",
  "20KPerMin": "advanced",
  "10KPerMin": "advanced",
};

/** The tiers that WSO2 ships, by level. */
export const defaultTiers = Object.entries(tierSets["wso2-default-tiers"]).map(([name, entry]) => ({
  name,
  entry,
  level: defaultLevels[name as DefaultTier],
}));

/** Whether WSO2 limits nothing by a tier of this name. */
export function isUnlimited(name: string | undefined): boolean {
  return name === undefined || /^(async(wh)?)?unlimited$/i.test(name);
}
