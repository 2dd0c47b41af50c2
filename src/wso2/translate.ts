import type { PolicyFile } from "../config/schema/policy.js";
import type { Field } from "../document/field.js";
import { Notes } from "../document/notes.js";
import { translateApis } from "./api.js";
import { apiSources } from "./api-sources.js";
import { translateApplications } from "./application.js";
import { type Artefact, artefactsIn } from "./artefact.js";
import { translateCallers } from "./callers.js";
import { translateCustomRules } from "./custom-rule.js";
import { translateDeny } from "./deny.js";
import { TierBook } from "./tier-book.js";

/** What a set of exports comes to. */
export interface Translation {
  readonly policy: PolicyFile;
  /** How many artefacts it was made of. */
  readonly artefacts: number;
  /** What has no counterpart or another meaning, one line each. */
  readonly notes: readonly string[];
  /** What could not be read, one line each. The policy is worth nothing when there is any. */
  readonly mistakes: readonly string[];
}

/** Makes a policy of what apictl exported or the admin REST API answered: a field for each file. */
export function translate(documents: readonly Field[]): Translation {
  const notes = new Notes();
  const artefacts = documents.flatMap(artefactsIn);
  const of = <K extends Artefact["kind"]>(kind: K) =>
    artefacts.filter((artefact): artefact is Extract<Artefact, { kind: K }> => artefact.kind === kind);
  const dataOf = (kind: "api" | "openapi" | "application" | "customRule" | "deny") =>
    artefacts.flatMap((artefact) => (artefact.kind === kind ? artefact.data : []));
  for (const { data, why } of of("foreign")) notes.add(data, why);
  for (const { data } of of("unknown")) {
    notes.add(data, "is no artefact of WSO2 that holds limits: it is passed over");
  }

  const tiers = new TierBook(of("tier"), notes);
  const custom = translateCustomRules(dataOf("customRule"), notes);
  const countsResources = custom.some(({ key }) => key.includes("{resource}"));
  const sources = apiSources(dataOf("api"), dataOf("openapi"), notes);
  const apis = translateApis(sources, { tiers, countsResources }, notes);
  const applications = translateApplications(dataOf("application"), { tiers, apis }, notes);
  const deny = [
    ...dataOf("deny").flatMap((condition) => translateDeny(condition, { apis, applications }, notes) ?? []),
    ...applications.flatMap((application) => application.deny),
  ];
  const asksForCaller =
    deny.some(({ application, user }) => application !== undefined || user !== undefined) ||
    custom.some(({ key }) => key.includes("{claim."));
  const callers = translateCallers({ apis, applications, tiers, asksForCaller }, notes);
  const policy: PolicyFile = {
    version: 1,
    ...tiers.toFile(),
    ...(apis.length > 0 && { apis: apis.map(({ entry }) => entry) }),
    ...(applications.length > 0 && { applications: applications.map(({ entry }) => entry) }),
    ...callers,
    ...(deny.length > 0 && { deny }),
    ...(custom.length > 0 && { custom }),
    ...(documents.some(isOfVersion4) && { faults: { format: "wso2-4" as const } }),
  };
  const read = [of("tier"), sources, dataOf("application"), dataOf("customRule"), dataOf("deny")].flat()
    .length;
  return { policy, artefacts: read, notes: notes.notes, mistakes: notes.mistakes };
}

/** Since version 4 the bodies of faults have another form. */
function isOfVersion4(document: Field): boolean {
  return document.at("data").isThere && /^v?4/.test(document.at("version").text() ?? "");
}
