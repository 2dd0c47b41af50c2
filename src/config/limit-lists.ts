import type { LimitEntry } from "./schema/limit.js";
import type { PolicyFile } from "./schema/policy.js";
import type { Draft } from "./shape.js";
import type { Path } from "./yaml.js";

/** Where limits stand in a policy file, as far as it could be read. */

type File = Draft<PolicyFile>;

export interface LimitList {
  readonly path: Path;
  readonly entries: readonly (Draft<LimitEntry> | undefined)[];
}

export function limitLists({
  gateway,
  tiers = {},
  apis = [],
  applications = [],
  custom = [],
}: File): LimitList[] {
  const lists: LimitList[] = [];
  const list = (entries: LimitList["entries"] | undefined, ...path: Path) => {
    if (entries) lists.push({ path: [...path, "limits"], entries });
  };
  list(gateway?.limits, "gateway");
  for (const [name, tier] of Object.entries(tiers)) {
    list(tier?.limits, "tiers", name);
    for (const [i, group] of (tier?.groups ?? []).entries()) list(group?.limits, "tiers", name, "groups", i);
  }
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

export interface PlacedLimit {
  readonly path: Path;
  readonly entry: Draft<LimitEntry>;
}

/** All limits of the file, bursts included, with the place of each. */
export function allLimits(file: File): PlacedLimit[] {
  const listed = limitLists(file).flatMap(({ path, entries }) =>
    entries.flatMap((entry, i) => (entry ? [{ path: [...path, i], entry }] : [])),
  );
  const bursts = Object.entries(file.tiers ?? {}).flatMap(([name, tier]) =>
    tier?.burst ? [{ path: ["tiers", name, "burst"], entry: tier.burst }] : [],
  );
  return [...listed, ...bursts];
}
