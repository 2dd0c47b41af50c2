import { matchIdentities } from "../policy/api-index.js";
import { compileKeyTemplate } from "../policy/key-template.js";
import { units } from "../policy/limit.js";
import { operationIdentity, parseOperation } from "../policy/resource-tree.js";
import { formatWindow, parseWindow } from "../policy/window.js";
import { formatPath, type Problem, unknownName } from "./problem.js";
import type { LimitEntry, PolicyFile, TierEntry } from "./schema.js";
import type { Draft } from "./shape.js";
import type { Path } from "./yaml.js";

type File = Draft<PolicyFile>;

/** The tier that everybody has unless the policy says otherwise. */
export const UNLIMITED = "Unlimited";

/** Every mistake in what a file says, as far as its valid parts go. What cannot take effect is a mistake. */
export function checkSense(file: File): Problem[] {
  return [
    ...checkTiers(file),
    ...checkTierReferences(file),
    ...checkApis(file),
    ...checkApplications(file),
    ...checkCredentials(file),
    ...checkDenyRules(file),
    ...checkCustomRules(file),
    ...checkRepeatedLimits(file),
    ...checkTokenLimits(file),
  ];
}

function checkTiers({ tiers = {} }: File): Problem[] {
  if (!Object.hasOwn(tiers, UNLIMITED)) return [];
  return [{ path: ["tiers", UNLIMITED], message: `${UNLIMITED} is built in and cannot be changed` }];
}

interface TierReference {
  readonly path: Path;
  readonly tier: string;
}

function tierReferences({ apis = [], applications = [] }: File): TierReference[] {
  const references: TierReference[] = [];
  const refer = (tier: string | undefined, ...path: Path) => {
    if (tier !== undefined) references.push({ path, tier });
  };
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
  const names = isUnreadable(file, "tiers") ? [undefined] : Object.keys({ ...file.tiers, [UNLIMITED]: {} });
  return tierReferences(file).flatMap(({ path, tier }) => checkReference(path, tier, "tier", names));
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
  const apis = apiRefs(file);
  const problems: Problem[] = [];
  for (const [i, application] of (file.applications ?? []).entries()) {
    if (application?.name) names.add(application.name, ["applications", i, "name"]);
    for (const ref of Object.keys(application?.subscriptions ?? {})) {
      problems.push(...checkReference(["applications", i, "subscriptions", ref], ref, "API", apis));
    }
  }
  return [...names.problems, ...problems];
}

function checkCredentials(file: File): Problem[] {
  const identity = entries(file, "identity");
  const keys = new Names("API key");
  const clients = new Names("client id");
  const problems: Problem[] = [];
  const readsKeys = identity.some((source) => !source || source.apiKey);
  const readsTokens = identity.some((source) => !source || source.jwt);
  for (const [i, application] of (file.applications ?? []).entries()) {
    for (const [k, credential] of (application?.credentials ?? []).entries()) {
      const path = ["applications", i, "credentials", k];
      if (credential?.apiKey !== undefined) {
        keys.add(credential.apiKey.toLowerCase(), path, "the same API key");
        if (!readsKeys)
          problems.push({ path, message: "has no effect: no source under identity is an apiKey" });
      }
      if (credential?.clientId !== undefined) {
        clients.add(credential.clientId, path);
        if (!readsTokens)
          problems.push({ path, message: "has no effect: no source under identity is a jwt" });
      }
    }
  }
  return [...keys.problems, ...clients.problems, ...problems];
}

function checkDenyRules(file: File): Problem[] {
  const apis = apiRefs(file);
  const applications = entries(file, "applications").map((application) => application?.name);
  return (file.deny ?? []).flatMap((rule, i) => [
    ...checkReference(["deny", i, "api"], rule?.api, "API", apis),
    ...checkReference(["deny", i, "application"], rule?.application, "application", applications),
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

interface LimitList {
  readonly path: Path;
  readonly entries: readonly (Draft<LimitEntry> | undefined)[];
}

function limitLists({ gateway, tiers = {}, apis = [], applications = [], custom = [] }: File): LimitList[] {
  const lists: LimitList[] = [];
  const list = (entries: LimitList["entries"] | undefined, ...path: Path) => {
    if (entries) lists.push({ path: [...path, "limits"], entries });
  };
  list(gateway?.limits, "gateway");
  for (const [name, tier] of Object.entries(tiers)) list(tier?.limits, "tiers", name);
  for (const [i, api] of apis.entries()) {
    list(api?.limits, "apis", i);
    for (const [k, resource] of (api?.resources ?? []).entries()) {
      list(resource?.limits, "apis", i, "resources", k);
    }
    list(api?.backends?.production?.limits, "apis", i, "backends", "production");
    list(api?.backends?.sandbox?.limits, "apis", i, "backends", "sandbox");
  }
  for (const [i, application] of applications.entries()) list(application?.limits, "applications", i);
  for (const [i, rule] of custom.entries()) list(rule?.limits, "custom", i);
  return lists;
}

/** Of two limits on the same unit and window, the larger one would never be reached. */
function checkRepeatedLimits(file: File): Problem[] {
  return limitLists(file).flatMap(({ path, entries }) => {
    const names = new Names("limit");
    for (const [i, entry] of entries.entries()) {
      const window = entry?.per === undefined ? null : parseWindow(entry.per);
      if (!entry || !window) continue;
      for (const unit of units) {
        if (entry[unit] !== undefined) names.add(`${unit} per ${formatWindow(window)}`, [...path, i, unit]);
      }
    }
    return names.problems;
  });
}

/** Tokens are only read from the responses of AI APIs: elsewhere a token limit would never be reached. */
function checkTokenLimits(file: File): Problem[] {
  const { apis = [], applications = [], tiers = {} } = file;
  const isAi = new Map(
    entries(file, "apis").map((api) => [
      `${api?.name}/${api?.version}`,
      api === undefined || Object.hasOwn(api, "ai"),
    ]),
  );
  const servesAi = [...isAi.values()].includes(true);
  const aiCovers = (path: Path): boolean => {
    const [room, index] = path;
    if (room === "apis") return Object.hasOwn(apis[index as number] ?? {}, "ai");
    if (room === "applications") {
      const subscriptions = Object.keys(applications[index as number]?.subscriptions ?? {});
      return subscriptions.some((ref) => isAi.get(ref) ?? true);
    }
    return servesAi;
  };
  const own = limitLists(file).flatMap(({ path, entries }) => {
    if (path[0] === "tiers" || aiCovers(path)) return [];
    return entries.flatMap((entry, i) => (entry && countsTokens(entry) ? [[...path, i]] : []));
  });
  const referred = tierReferences(file).flatMap(({ path, tier }) => {
    const entry = Object.hasOwn(tiers, tier) ? tiers[tier] : undefined;
    const covered = path[2] === "subscriptions" ? (isAi.get(String(path[3])) ?? true) : aiCovers(path);
    return entry && !covered && tierLimits(entry).some(countsTokens) ? [path] : [];
  });
  const message = "limits tokens where no response tells them: it takes an API with an ai section";
  return [...own, ...referred].map((path) => ({ path, message }));
}

function tierLimits(tier: Draft<TierEntry>): Draft<LimitEntry>[] {
  return [...(tier.limits ?? []), tier.burst].filter((entry) => entry !== undefined);
}

function countsTokens(entry: Draft<LimitEntry>): boolean {
  return units.some((unit) => unit !== "requests" && entry[unit] !== undefined);
}

/** Undefined for an API whose name or version could not be read. */
function apiRefs(file: File): (string | undefined)[] {
  return entries(file, "apis").map((api) =>
    api?.name && api.version ? `${api.name}/${api.version}` : undefined,
  );
}

/** A reference to a name that is not there. As long as a name is undefined, nobody knows what is there. */
function checkReference(
  path: Path,
  name: string | undefined,
  what: string,
  names: readonly (string | undefined)[],
): Problem[] {
  const known = names.filter((known) => known !== undefined);
  if (name === undefined || known.includes(name) || known.length < names.length) return [];
  return [{ path, message: unknownName(what, name, known) }];
}

/** The entries of a list, undefined where they could not be read; a single such one for the list itself. */
function entries<K extends "apis" | "applications" | "identity">(file: File, part: K): NonNullable<File[K]> {
  return file[part] ?? ((isUnreadable(file, part) ? [undefined] : []) as NonNullable<File[K]>);
}

/** Whether the part is in the file, but not as anything that could be checked. */
function isUnreadable(file: File, part: keyof PolicyFile): boolean {
  return Object.hasOwn(file, part) && file[part] === undefined;
}

/** Collects names that must be unique, and the places where one stands again. */
class Names {
  readonly problems: Problem[] = [];
  readonly #what: string;
  readonly #places = new Map<string, Path>();

  constructor(what: string) {
    this.#what = what;
  }

  add(name: string, path: Path, shown = `${this.#what} "${name}"`): void {
    const first = this.#places.get(name);
    if (!first) this.#places.set(name, path);
    else this.problems.push({ path, message: `${shown} is already at ${formatPath(first)}` });
  }
}
