import type { LimitEntry, TierEntry } from "../config/schema/limit.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { readGroups } from "./group.js";
import type { Level } from "./level.js";
import { checkLimit, readAmount, readLimit } from "./limit.js";

/** Makes a tier of a throttling policy, or null when nothing is left that it would limit. */
export function translateTier(level: Level, policy: Field, notes: Notes): TierEntry | null {
  noteStrange(policy, notes);
  const limits = readLimits(policy.at("defaultLimit"), notes);
  const burst = readBurst(policy, notes);
  const groups = level === "advanced" ? readGroups(policy, notes) : [];
  if (!limits && !burst && groups.length === 0) return null;
  return {
    ...(limits && { limits }),
    ...(burst && { burst }),
    ...(groups.length > 0 && { groups }),
    ...(level === "advanced" && isPerUser(policy) && { perUser: true }),
    ...(limits && passesQuota(policy, notes) && { stopOnQuotaReach: false }),
  };
}

function readLimits(limit: Field, notes: Notes): LimitEntry[] | undefined {
  const read = readLimit(limit, notes);
  if (read.kind === "zero") {
    notes.add(limit, "lets nothing through, which no limit does here: write a rule under deny instead");
  }
  return read.kind === "limit" ? [read.entry] : undefined;
}

function readBurst(policy: Field, notes: Notes): LimitEntry | undefined {
  const own = policy.at("burstLimit");
  const burst = own.isMapping ? own : policy;
  const count = burst.at("rateLimitCount");
  const requests = readAmount(count, notes);
  if (!requests) return undefined;
  const unit = burst.at("rateLimitTimeUnit");
  const word = unit.text()?.toLowerCase();
  if (word !== undefined && !["sec", "min"].includes(word)) {
    notes.add(unit, `WSO2 takes whatever is not "min" for a second here, "${word}" too`);
  }
  return checkLimit(count, { requests, per: word === "min" ? "minute" : "second" }, notes);
}

/** Old versions say at which level an advanced policy counts. */
function isPerUser(policy: Field): boolean {
  const level = policy.either("userLevel", "applicableLevel").text() ?? "";
  return /^(userlevel|peruser)$/i.test(level);
}

function passesQuota(policy: Field, notes: Notes): boolean {
  const stop = policy.at("stopOnQuotaReach");
  if (stop.flag() !== false) return false;
  notes.add(
    stop,
    "past the quota WSO2 skips the limits of application, custom rules and backend too; here they hold",
  );
  return true;
}

/** Parts without a counterpart, where they are set. */
function noteStrange(policy: Field, notes: Notes): void {
  for (const key of ["graphQLMaxDepth", "graphQLMaxComplexity"]) {
    const field = policy.at(key);
    if ((field.whole() ?? 0) > 0)
      notes.add(field, "queries are not measured: let the backend refuse what is too large");
  }
  const subscribers = policy.at("subscriberCount");
  if ((subscribers.whole() ?? 0) > 0) notes.add(subscribers, "subscribers of webhooks are not counted");
  const plan = policy.at("monetization", "monetizationPlan");
  if (plan.isThere) notes.add(plan, "nothing is billed here");
}
