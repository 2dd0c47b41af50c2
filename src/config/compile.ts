import { API_KEY_PLACEHOLDER } from "../identity/api-key.js";
import { ApiIndex, prefixSegments } from "../policy/api-index.js";
import type { DenyRule } from "../policy/deny-rule.js";
import { parseIpRange } from "../policy/ip-range.js";
import { compileKeyTemplate } from "../policy/key-template.js";
import {
  type Api,
  type Application,
  type Backend,
  type Credential,
  type CustomRule,
  environments,
  type FaultOverride,
  type IdentitySource,
  type KeyPlace,
  type MetadataPath,
  type Policy,
  type Resource,
} from "../policy/policy.js";
import { parseOperation, ResourceTree } from "../policy/resource-tree.js";
import { compileAi, providerFaults } from "./compile-ai.js";
import { compileModels } from "./compile-models.js";
import { LimitBook } from "./limit-book.js";
import { allLimits } from "./limit-lists.js";
import type { ApiEntry, FaultsEntry } from "./schema/api.js";
import { type ApplicationEntry, DEFAULT_CLAIMS } from "./schema/application.js";
import type { PolicyFile } from "./schema/policy.js";
import { tiersOf } from "./tier-sets.js";

/** Builds the policy that requests are decided by from a file that has no mistakes left. */
export function compilePolicy(file: PolicyFile): Policy {
  const book = new LimitBook(tiersOf(file), file);
  const apis = (file.apis ?? []).map((entry) => compileApi(book, file, entry));
  const index = new ApiIndex<Api>();
  for (const [i, { match }] of (file.apis ?? []).entries()) {
    index.add({ hosts: match.hosts ?? [], pathPrefix: match.pathPrefix }, at(apis, i));
  }
  const shadowed = new Set((file.apis ?? []).filter((api) => api.shadow).map(refOf));
  const applications = (file.applications ?? []).map((entry) => compileApplication(book, shadowed, entry));
  const identity = compileIdentity(file, applications);
  const gateway = book.limits("gateway", "gateway", { limits: file.gateway?.limits });
  const customRules = (file.custom ?? []).map((rule) => compileCustomRule(book, rule));
  return {
    gateway,
    apis: index,
    apisByRef: new Map(apis.map((api) => [api.ref, api])),
    identity,
    claims: identity.find((source) => source.kind === "jwt")?.metadata ?? null,
    trustedProxies: file.trustedProxies ?? 0,
    denyRules: (file.deny ?? []).map(compileDenyRule),
    customRules,
    unmatched: file.unmatched ?? "allow",
    anonymous: file.anonymous ?? "allow",
    shadow: file.shadow ?? false,
    faults: { format: file.faults?.format ?? "wso2-3", backendStatus: file.faults?.backendStatus ?? 503 },
    headers: {
      xRateLimit: file.headers?.xRateLimit ?? true,
      rateLimit: file.headers?.rateLimit ?? false,
      aiTokens: file.headers?.aiTokens ?? true,
    },
    models: compileModels(file.models),
    unknownModel: file.unknownModel ?? "default",
    limits: book.byId,
  };
}

function compileApi(book: LimitBook, file: PolicyFile, entry: ApiEntry): Api {
  const ref = refOf(entry);
  const { shadow } = entry;
  const resources = new ResourceTree<Resource>();
  const resourcesByName = new Map<string, Resource>();
  for (const { match, ...source } of entry.resources ?? []) {
    const operation = parseOperation(match);
    if (!operation) throw new Error(`operation not checked: ${match}`);
    const limits = book.limitSet("resource", `${ref} ${match}`, { ...source, shadow });
    const resource = { name: match, limits };
    resources.add(operation, resource);
    resourcesByName.set(match, resource);
  }
  return {
    ref,
    name: entry.name,
    version: entry.version,
    ai: entry.ai ? compileAi(entry.ai, asksForModels(file)) : null,
    prefix: prefixSegments(entry.match),
    resources,
    resourcesByName,
    limits: book.limitSet("api", ref, entry),
    anonymous: book.limits("subscription", `anonymous on ${ref}`, { tier: file.anonymousTier, shadow }),
    backends: entry.backends ? compileBackends(book, entry, entry.backends) : null,
    faults: compileFaults(file, entry),
  };
}

/** Whether some limit counts only some models, or unknown ones are refused. */
function asksForModels(file: PolicyFile): boolean {
  return file.unknownModel === "deny" || allLimits(file).some(({ entry }) => entry.model !== undefined);
}

function compileBackends(
  book: LimitBook,
  api: ApiEntry,
  entry: NonNullable<ApiEntry["backends"]>,
): Api["backends"] {
  const backends: Partial<Record<(typeof environments)[number], Backend>> = {};
  for (const environment of environments) {
    const backend = entry[environment];
    if (!backend) continue;
    const source = { limits: backend.limits, shadow: api.shadow };
    backends[environment] = { limits: book.limits("backend", `${refOf(api)} ${environment}`, source) };
  }
  return backends;
}

/** What stands at the API comes first, then its provider's way where the file asks for that. */
function compileFaults(file: PolicyFile, { ai, faults = {} }: ApiEntry): FaultOverride | null {
  const provider = file.faults?.ai === "provider" ? providerFaults(ai?.provider) : undefined;
  const { format = provider, status, headers, body }: FaultsEntry = faults;
  if (format === undefined && status === undefined && headers === undefined && body === undefined)
    return null;
  return { format: format ?? null, status: status ?? null, headers: headers ?? {}, body: body ?? null };
}

/** @param shadowed the APIs that only watch, by {@link Api.ref} */
function compileApplication(
  book: LimitBook,
  shadowed: ReadonlySet<string>,
  entry: ApplicationEntry,
): Application {
  const subscriptions = Object.entries(entry.subscriptions ?? {}).map(([ref, tier]) => {
    const source = { tier, shadow: shadowed.has(ref) };
    return [ref, { limits: book.limits("subscription", `${entry.name} on ${ref}`, source) }] as const;
  });
  return {
    name: entry.name,
    limits: book.limits("application", entry.name, entry),
    subscriptions: new Map(subscriptions),
  };
}

function compileIdentity(file: PolicyFile, applications: readonly Application[]): IdentitySource[] {
  const byKey = new Map<string, Credential>();
  const byClientId = new Map<string, Credential>();
  const byPrincipal = new Map<string, Credential>();
  for (const [i, entry] of (file.applications ?? []).entries()) {
    const application = at(applications, i);
    for (const { apiKey, clientId, principal, ...rest } of entry.credentials ?? []) {
      const { environment = "production", user = null } = rest;
      const credential = { application, environment, user };
      if (apiKey !== undefined && apiKey !== API_KEY_PLACEHOLDER)
        byKey.set(apiKey.replace(/^sha256:/, "").toLowerCase(), credential);
      if (clientId !== undefined) byClientId.set(clientId, credential);
      if (principal !== undefined) byPrincipal.set(principal, credential);
    }
  }
  return (file.identity ?? []).map(({ apiKey, jwt, mtls, trusted }): IdentitySource => {
    if (apiKey) return { kind: "apiKey", place: compilePlace(apiKey), credentials: byKey };
    if (mtls) return { kind: "mtls", credentials: byPrincipal };
    if (jwt) {
      const [namespace = "", ...path] = jwt.metadata ?? DEFAULT_CLAIMS;
      const metadata: MetadataPath = [namespace, ...path];
      const { application = "azp", user = "sub", environment = "keytype" } = jwt;
      const claims = { application, user, environment };
      return { kind: "jwt", metadata, claims, credentials: byClientId };
    }
    if (trusted) {
      const lower = (name: string | undefined) => name?.toLowerCase() ?? null;
      const headers = {
        application: trusted.application.toLowerCase(),
        user: lower(trusted.user),
        environment: lower(trusted.environment),
      };
      return { kind: "trusted", headers, applications: new Map(applications.map((a) => [a.name, a])) };
    }
    throw new Error("identity source not checked");
  });
}

type ApiKeyEntry = NonNullable<NonNullable<PolicyFile["identity"]>[number]["apiKey"]>;

function compilePlace({ header, query, cookie }: ApiKeyEntry): KeyPlace {
  if (header !== undefined) return { in: "header", name: header.toLowerCase() };
  return query === undefined ? { in: "cookie", name: cookie ?? "" } : { in: "query", name: query };
}

function compileDenyRule(entry: NonNullable<PolicyFile["deny"]>[number]): DenyRule {
  const { ip, invert = false, api = null, application = null, user = null, environment = null } = entry;
  return { ip: ip === undefined ? null : parseIpRange(ip), invert, api, application, user, environment };
}

function compileCustomRule(book: LimitBook, entry: NonNullable<PolicyFile["custom"]>[number]): CustomRule {
  const key = compileKeyTemplate(entry.key);
  if ("error" in key) throw new Error(`key template not checked: ${key.error}`);
  return { key, limits: book.limits("custom", entry.name, { limits: entry.limits }) };
}

function refOf({ name, version }: Pick<ApiEntry, "name" | "version">): string {
  return `${name}/${version}`;
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no item ${index}`);
  return item;
}
