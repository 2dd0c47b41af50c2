import type { ApiEntry } from "../config/schema/api.js";
import { api as apiSchema } from "../config/schema/api.js";
import type { Field } from "../document/field.js";
import { toIdentifier } from "../document/identifier.js";
import type { Notes } from "../document/notes.js";
import { matchIdentities } from "../policy/api-index.js";
import type { ApiSource } from "./api-source.js";
import { translateBackends } from "./backends.js";
import { translateOperations } from "./operations.js";
import { pathPrefix, versionedPath } from "./prefix.js";
import { translateProvider } from "./provider.js";
import type { TierBook } from "./tier-book.js";

/** An API of the policy and what refers to it by its names in WSO2. */
export interface TranslatedApi {
  readonly field: Field;
  readonly entry: ApiEntry;
  /** `name/version`, as the policy refers to it. */
  readonly ref: string;
  /** Name and version as WSO2 has them. */
  readonly original: string;
  /** Context and version, as WSO2's keys and deny policies have them. */
  readonly context: string;
  readonly tellsTokens: boolean;
  /** Where operations take requests without credentials. */
  readonly open: Field | undefined;
}

export interface ApiOptions {
  readonly tiers: TierBook;
  readonly countsResources: boolean;
}

/** Makes the APIs of a policy; of several with one name or one path, the first. */
export function translateApis(
  sources: readonly ApiSource[],
  options: ApiOptions,
  notes: Notes,
): TranslatedApi[] {
  const taken = new Map<string, ApiSource>();
  return sources.flatMap((source) => {
    const names = namesOf(source, notes);
    if (!names) return [];
    const ref = `${names.name}/${names.version}`;
    const match = matchIdentities({ hosts: [], pathPrefix: names.match.pathPrefix });
    const other = [ref, ...match].map((key) => taken.get(key)).find((api) => api !== undefined);
    if (other) {
      notes.add(
        source.at,
        `the API is left out: ${other.at.file} has the same name and version, or the same path`,
      );
      return [];
    }
    for (const key of [ref, ...match]) taken.set(key, source);
    return [translateApi(source, names, options, notes)];
  });
}

type Names = Pick<ApiEntry, "name" | "version" | "match">;

/** Null, and rejected, where an API has no name, version or path. */
function namesOf(source: ApiSource, notes: Notes): Names | null {
  const name = readName(source.name, notes);
  const version = readName(source.version, notes);
  if (!source.context.isThere) notes.reject(source.context, "the API has no context");
  if (name === null || version === null || !source.context.isThere) return null;
  const prefix = pathPrefix(source, notes);
  if (!apiSchema.shape.match.safeParse({ pathPrefix: prefix }).success) {
    notes.reject(source.context, `"${prefix}" is no path that an API could be served under`);
    return null;
  }
  return { name, version, match: { pathPrefix: prefix } };
}

/** A name as weir can refer to it; spaces and the like become dashes. */
function readName(field: Field, notes: Notes): string | null {
  const original = field.text() ?? "";
  const name = toIdentifier(original);
  if (name === null) {
    notes.reject(
      field,
      `the API has no ${field.path.at(-1) === "version" ? "version" : "name"} that could be one`,
    );
    return null;
  }
  if (name !== original) notes.add(field, `"${original}" becomes "${name}"`);
  return name;
}

function translateApi(source: ApiSource, names: Names, options: ApiOptions, notes: Notes): TranslatedApi {
  noteKind(source, notes);
  const provider = translateProvider(source, notes);
  const tellsTokens = provider !== null;
  const tier = options.tiers.refer({ level: "advanced", at: source.tier, tellsTokens });
  const operationOptions = { tiers: options.tiers, tellsTokens, areCounted: options.countsResources };
  const resources = translateOperations(source, operationOptions, notes);
  const backends = translateBackends(source, tellsTokens, notes);
  return {
    field: source.at,
    entry: {
      ...names,
      ...(provider && { ai: { provider } }),
      ...(tier !== undefined && { tier }),
      ...(resources.length > 0 && { resources }),
      ...(backends && { backends }),
    },
    ref: `${names.name}/${names.version}`,
    original: `${source.name.text()}/${source.version.text()}`,
    context: versionedPath(source),
    tellsTokens,
    open: source.operations.find(({ isOpen }) => isOpen)?.at,
  };
}

/** What limits do not tell of kinds of APIs and of their lives. */
function noteKind({ at, type, status }: ApiSource, notes: Notes): void {
  if (/^(WS|WEBSUB|SSE|ASYNC|WEBHOOK)$/i.test(type.text() ?? "")) {
    notes.add(type, "only the request that opens a connection is counted, not what is sent over it");
  }
  if (/^(BLOCKED|RETIRED)$/i.test(status.text() ?? "")) {
    notes.add(
      status,
      `the API is ${status.text()?.toLowerCase()} in WSO2, and open here: leave it out, or deny it`,
    );
  }
  const policies = at.at("policies");
  if (policies.items().some((tier) => tier.text()?.endsWith("DefaultSubscriptionless"))) {
    notes.add(policies, "WSO2 asks for no subscription; here each application that may call needs one");
  }
}
