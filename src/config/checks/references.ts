import { matchIdentities } from "../../policy/api-index.js";
import { compileKeyTemplate } from "../../policy/key-template.js";
import { operationIdentity, parseOperation } from "../../policy/resource-tree.js";
import { DEFAULT_GROUP, groupName } from "../limit-book.js";
import type { Problem } from "../problem.js";
import { tierNames, UNLIMITED } from "../tier-sets.js";
import type { Path } from "../yaml.js";
import { checkReference, entries, type File, isUnreadable, knownApis, knownNames, Names } from "./names.js";

/** Names that are given twice, and references to names that are not there. */
export function checkReferences(file: File): Problem[] {
  return [
    ...checkTiers(file),
    ...checkTierReferences(file),
    ...checkApis(file),
    ...checkApplications(file),
    ...checkDenyRules(file),
    ...checkCustomRules(file),
  ];
}

function checkTiers({ tiers = {} }: File): Problem[] {
  const builtIn = { path: ["tiers", UNLIMITED], message: `${UNLIMITED} is built in and cannot be changed` };
  const groups = Object.entries(tiers).flatMap(([tier, entry]) => {
    const names = new Names("group");
    names.add(DEFAULT_GROUP, ["tiers", tier, "limits"]);
    for (const [i, group] of (entry?.groups ?? []).entries()) {
      if (group) names.add(groupName(group, i), ["tiers", tier, "groups", i]);
    }
    return names.problems;
  });
  return Object.hasOwn(tiers, UNLIMITED) ? [builtIn, ...groups] : groups;
}

/** A place where a tier is named. */
export interface TierReference {
  readonly path: Path;
  readonly tier: string;
}

export function tierReferences({ apis = [], applications = [], anonymousTier }: File): TierReference[] {
  const references: TierReference[] = [];
  const refer = (tier: string | undefined, ...path: Path) => {
    if (tier !== undefined) references.push({ path, tier });
  };
  refer(anonymousTier, "anonymousTier");
  for (const [i, api] of apis.entries()) {
    refer(api?.tier, "apis", i, "tier");
    for (const [k, resource] of (api?.resources ?? []).entries()) {
      refer(resource?.tier, "apis", i, "resources", k, "tier");
    }
  }
  for (const [i, application] of applications.entries()) {
    refer(application?.tier, "applications", i, "tier");
    for (const [api, tier] of Object.entries(application?.subscriptions ?? {})) {
      refer(tier, "applications", i, "subscriptions", api);
    }
  }
  return references;
}

function checkTierReferences(file: File): Problem[] {
  const tiers = knownNames("tier", isUnreadable(file, "tiers") ? [undefined] : tierNames(file));
  return tierReferences(file).flatMap(({ path, tier }) => checkReference(path, tier, tiers));
}

function checkApis({ apis = [] }: File): Problem[] {
  const refs = new Names("API");
  const matches = new Names("match");
  const problems: Problem[] = [];
  for (const [i, api] of apis.entries()) {
    if (api?.name && api.version) refs.add(`${api.name}/${api.version}`, ["apis", i]);
    if (api?.match?.pathPrefix) {
      const hosts = (api.match.hosts ?? []).filter((host) => host !== undefined);
      const identities = matchIdentities({ hosts, pathPrefix: api.match.pathPrefix });
      for (const identity of identities) matches.add(identity, ["apis", i, "match"]);
    }
    const operations = new Names("operation");
    for (const [k, resource] of (api?.resources ?? []).entries()) {
      const operation = resource?.match === undefined ? null : parseOperation(resource.match);
      if (operation) operations.add(operationIdentity(operation), ["apis", i, "resources", k, "match"]);
    }
    problems.push(...operations.problems);
  }
  return [...refs.problems, ...matches.problems, ...problems];
}

function checkApplications(file: File): Problem[] {
  const names = new Names("application");
  const apis = knownApis(file);
  const problems: Problem[] = [];
  for (const [i, application] of (file.applications ?? []).entries()) {
    if (application?.name) names.add(application.name, ["applications", i, "name"]);
    for (const ref of Object.keys(application?.subscriptions ?? {})) {
      problems.push(...checkReference(["applications", i, "subscriptions", ref], ref, apis));
    }
  }
  return [...names.problems, ...problems];
}

function checkDenyRules(file: File): Problem[] {
  const apis = knownApis(file);
  const names = entries(file, "applications").map((application) => application?.name);
  const applications = knownNames("application", names);
  return (file.deny ?? []).flatMap((rule, i) => [
    ...checkReference(["deny", i, "api"], rule?.api, apis),
    ...checkReference(["deny", i, "application"], rule?.application, applications),
  ]);
}

function checkCustomRules({ custom = [] }: File): Problem[] {
  const names = new Names("custom rule");
  const problems: Problem[] = [];
  for (const [i, rule] of custom.entries()) {
    if (rule?.name !== undefined) names.add(rule.name, ["custom", i, "name"]);
    const template = rule?.key === undefined ? null : compileKeyTemplate(rule.key);
    if (template && "error" in template)
      problems.push({ path: ["custom", i, "key"], message: template.error });
  }
  return [...names.problems, ...problems];
}
