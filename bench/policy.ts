import { createHash } from "node:crypto";

/** A number that no run of the bench comes near to. */
const NEVER_REACHED = 1_000_000_000;

/** The limits that each request matches: one of the gateway, and an API's own, its subscription and backend. */
export const LIMITS_PER_REQUEST = 4;

/** Counters in use once every API has been called. */
export function countersOf(apis: number): number {
  return 1 + 3 * apis;
}

/** The path prefix of API number `index`. */
export function pathPrefixOf(index: number): string {
  return `/${nameOf("api", index)}/v1`;
}

/** API number `index` as routes name it. */
export function refOf(index: number): string {
  return `${nameOf("api", index)}/v1`;
}

/** The API key of the application that subscribes to API number `index`. */
export function apiKeyOf(index: number): string {
  return `${nameOf("bench-key", index)}-b7f3a1c95d2e4f60`;
}

/**
 * A policy file (JSON is YAML) of `apis` APIs, each with limits, operations, backends and an application of its
 * own. A subscription admits `subscriptionMax` requests, which decides whether requests pass or are denied.
 */
export function policyText(apis: number, subscriptionMax = NEVER_REACHED): string {
  const indexes = Array.from({ length: apis }, (_, index) => index);
  return JSON.stringify({
    version: 1,
    gateway: { limits: [limit(NEVER_REACHED)] },
    tiers: { Gold: { limits: [limit(subscriptionMax)] }, Writes: { limits: [limit(100)] } },
    apis: indexes.map(apiEntry),
    applications: indexes.map((index) => applicationEntry(index, apis)),
    identity: [{ apiKey: { header: "x-api-key" } }],
  });
}

function apiEntry(index: number) {
  const backend = (environment: string) => ({
    url: `http://${nameOf("backend", index)}-${environment}:8080`,
    limits: [limit(NEVER_REACHED + 2)],
  });
  return {
    name: nameOf("api", index),
    version: "v1",
    match: { pathPrefix: pathPrefixOf(index) },
    limits: [limit(NEVER_REACHED + 1)],
    resources: [
      { match: "GET /items" },
      { match: "POST /items", tier: "Writes" },
      { match: "GET /items/{id}" },
      { match: "* /admin/*", tier: "Writes" },
    ],
    backends: { production: backend("production"), sandbox: backend("sandbox") },
  };
}

function applicationEntry(index: number, apis: number) {
  const refs = [index, (index + 1) % apis, (index + 2) % apis].map(refOf);
  return {
    name: nameOf("application", index),
    subscriptions: Object.fromEntries(refs.map((ref) => [ref, "Gold"])),
    credentials: [
      { apiKey: hashed(apiKeyOf(index)), environment: "production" },
      { apiKey: hashed(`${apiKeyOf(index)}-sandbox`), environment: "sandbox" },
    ],
  };
}

/** The longest window: none ends while the bench runs, so all that was counted can be read back. */
function limit(requests: number) {
  return { requests, per: "year" };
}

function nameOf(kind: string, index: number): string {
  return `${kind}-${String(index + 1).padStart(4, "0")}`;
}

function hashed(key: string): string {
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}
