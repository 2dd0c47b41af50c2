import { ApiIndex } from "../policy/api-index.js";
import { type DenyRule, parseIpRange } from "../policy/deny-rule.js";
import { compileKeyTemplate } from "../policy/key-template.js";
import type { Charge, Limit } from "../policy/limit.js";
import {
  type Api,
  type Application,
  type Backend,
  type Credential,
  type CustomRule,
  environments,
  type IdentitySource,
  type Policy,
  type Resource,
} from "../policy/policy.js";
import { parseOperation, ResourceTree } from "../policy/resource-tree.js";
import { requestCharge } from "../policy/select.js";
import { LimitBook } from "./limit-book.js";
import type { ApiEntry, ApplicationEntry, PolicyFile } from "./schema.js";

/** Builds the policy that requests are decided by from a file that has no mistakes left. */
export function compilePolicy(file: PolicyFile): Policy {
  const book = new LimitBook(file.tiers ?? {});
  const apis = (file.apis ?? []).map((entry) => compileApi(book, entry));
  const index = new ApiIndex<Api>();
  for (const [i, { match }] of (file.apis ?? []).entries()) {
    index.add({ hosts: match.hosts ?? [], pathPrefix: match.pathPrefix }, at(apis, i));
  }
  const applications = (file.applications ?? []).map((entry) => compileApplication(book, entry));
  const policy = {
    gateway: charges(book.limits("gateway", "gateway", { limits: file.gateway?.limits })),
    apis: index,
    apisByRef: new Map(apis.map((api) => [api.ref, api])),
    identity: compileIdentity(file, applications),
    denyRules: (file.deny ?? []).map(compileDenyRule),
    customRules: (file.custom ?? []).map((rule) => compileCustomRule(book, rule)),
    unmatched: file.unmatched ?? "allow",
    anonymous: file.anonymous ?? "allow",
    faultFormat: file.faults?.format ?? "wso2-3",
  };
  return { ...policy, limits: book.byId };
}

function compileApi(book: LimitBook, entry: ApiEntry): Api {
  const ref = `${entry.name}/${entry.version}`;
  const resources = new ResourceTree<Resource>();
  for (const resource of entry.resources ?? []) {
    const operation = parseOperation(resource.match);
    if (!operation) throw new Error(`operation not checked: ${resource.match}`);
    const limits = book.limits("resource", `${ref} ${resource.match}`, resource);
    resources.add(operation, { name: resource.match, charges: charges(limits) });
  }
  return {
    ref,
    name: entry.name,
    version: entry.version,
    ai: entry.ai ? { provider: entry.ai.provider } : null,
    resources,
    charges: charges(book.limits("api", ref, entry)),
    backends: entry.backends ? compileBackends(book, ref, entry.backends) : null,
  };
}

function compileBackends(
  book: LimitBook,
  ref: string,
  entry: NonNullable<ApiEntry["backends"]>,
): Api["backends"] {
  const backends: Partial<Record<(typeof environments)[number], Backend>> = {};
  for (const environment of environments) {
    const backend = entry[environment];
    if (!backend) continue;
    const limits = book.limits("backend", `${ref} ${environment}`, { limits: backend.limits });
    backends[environment] = { charges: charges(limits) };
  }
  return backends;
}

function compileApplication(book: LimitBook, entry: ApplicationEntry): Application {
  const subscriptions = Object.entries(entry.subscriptions ?? {}).map(([ref, tier]) => {
    const limits = book.limits("subscription", `${entry.name} on ${ref}`, { tier });
    return [ref, { charges: charges(limits) }] as const;
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
  for (const [i, entry] of (file.applications ?? []).entries()) {
    const application = at(applications, i);
    for (const { apiKey, clientId, environment = "production", user = null } of entry.credentials ?? []) {
      const credential = { application, environment, user };
      if (apiKey !== undefined) byKey.set(apiKey.replace(/^sha256:/, "").toLowerCase(), credential);
      if (clientId !== undefined) byClientId.set(clientId, credential);
    }
  }
  return (file.identity ?? []).map(({ apiKey, jwt, trusted }): IdentitySource => {
    if (apiKey) return { kind: "apiKey", header: apiKey.header.toLowerCase(), credentials: byKey };
    if (jwt) {
      const [namespace = "", ...path] = jwt.metadata;
      const { application = "azp", user = "sub", environment = "keytype" } = jwt;
      const claims = { application, user, environment };
      return { kind: "jwt", metadata: [namespace, ...path], claims, credentials: byClientId };
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

function compileDenyRule(entry: NonNullable<PolicyFile["deny"]>[number]): DenyRule {
  const { ip, api = null, application = null, user = null } = entry;
  return { ip: ip === undefined ? null : parseIpRange(ip), api, application, user };
}

function compileCustomRule(book: LimitBook, entry: NonNullable<PolicyFile["custom"]>[number]): CustomRule {
  const key = compileKeyTemplate(entry.key);
  if ("error" in key) throw new Error(`key template not checked: ${key.error}`);
  return { key, limits: book.limits("custom", entry.name, { limits: entry.limits }) };
}

/** For limits that have one counter, which the limit itself names. */
function charges(limits: readonly Limit[]): readonly Charge[] {
  return limits.map((limit) => requestCharge(limit, ""));
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no item ${index}`);
  return item;
}
