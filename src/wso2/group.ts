import type { z } from "zod";
import { DEFAULT_GROUP, groupName } from "../config/limit-book.js";
import type { ConditionEntry, LimitEntry, tier } from "../config/schema/limit.js";
import { label } from "../config/schema/text.js";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { readCondition } from "./condition.js";
import { readLimit } from "./limit.js";

type GroupEntry = NonNullable<z.infer<typeof tier>["groups"]>[number];

/** The conditional groups of an advanced policy, but for those that cannot be taken over as they are. */
export function readGroups(policy: Field, notes: Notes): GroupEntry[] {
  const groups = policy
    .at("conditionalGroups")
    .items()
    .flatMap((group) => readGroup(group, notes) ?? []);
  noteConditions(policy, groups, notes);
  return withUniqueNames(groups);
}

/** WSO2 tells groups apart by their number; their descriptions may be the same. */
function withUniqueNames(groups: readonly GroupEntry[]): GroupEntry[] {
  const names = groups.map((group, index) => groupName(group, index));
  return groups.map((group, index) => {
    const name = groupName(group, index);
    const isTaken = name === DEFAULT_GROUP || names.indexOf(name) !== index;
    return isTaken ? { ...group, name: `${name} (${index + 1})` } : group;
  });
}

function readGroup(group: Field, notes: Notes): GroupEntry | undefined {
  const conditions = group.at("conditions").items();
  const when = conditions.flatMap((condition) => readCondition(condition, notes) ?? []);
  const limits = readLimits(group, when, notes);
  if (when.length < conditions.length || when.length === 0 || limits === null) {
    notes.add(
      group,
      "the group is left out: its requests have the limit of the next group that they meet, or the default one",
    );
    return undefined;
  }
  const name = label.safeParse(group.at("description").text()).data;
  return { ...(name !== undefined && { name }), when, ...(limits.length > 0 && { limits }) };
}

/** None for a group without limits, null for one whose limit has no counterpart. */
function readLimits(group: Field, when: readonly ConditionEntry[], notes: Notes): LimitEntry[] | null {
  const limit = group.at("limit");
  const read = readLimit(limit, notes);
  switch (read.kind) {
    case "limit":
      return [read.entry];
    case "none":
      return [];
    case "zero":
      notes.add(limit, `lets nothing through, which no limit does here: ${instead(when)}`);
      return null;
    case "lost":
      return null;
    default:
      return read satisfies never;
  }
}

/** WSO2's way to a list of allowed addresses is an inverted condition with a limit of 0. */
function instead(when: readonly ConditionEntry[]): string {
  const [condition] = when;
  if (when.length !== 1 || condition?.ip === undefined) return "write a rule under deny instead";
  const invert = condition.invert ? ", invert: true" : "";
  return `write { ip: ${condition.ip}${invert}, api: … } under deny instead`;
}

/** Where conditions look at other things than WSO2's, once for each policy. */
function noteConditions(policy: Field, groups: readonly GroupEntry[], notes: Notes): void {
  const all = groups.flatMap(({ when }) => when);
  const at = policy.at("conditionalGroups");
  if (all.some(({ ip }) => ip !== undefined)) {
    notes.add(
      at,
      "WSO2 believes any X-Forwarded-For; set trustedProxies to how many proxies stand in front of Envoy",
    );
  }
  if (all.some(({ header, query }) => header !== undefined || query !== undefined)) {
    notes.add(
      at,
      "WSO2 heeds conditions on headers and query parameters only where its configuration enables them",
    );
  }
  if (all.some(({ claim }) => claim !== undefined)) {
    notes.add(
      at,
      "claims are those of the token that Envoy verified, and always heeded; WSO2 has to enable them",
    );
  }
}
