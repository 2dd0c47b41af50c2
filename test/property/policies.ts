import fc from "fast-check";
import { dump } from "js-yaml";
import { parsePolicy } from "../../src/config/load.js";
import { hashApiKey } from "../../src/identity/api-key.js";
import type { Policy } from "../../src/policy/policy.js";
import type { HttpRequest } from "../../src/policy/request.js";

/** Random policies over a fixed set of APIs and callers: every level may be limited, by small numbers. */

const apis = ["orders", "chat"] as const;
const applications = ["mobile", "web"] as const;
const users = ["ann", "bob"] as const;

const entry = (units: readonly string[]) =>
  fc
    .record({
      unit: fc.constantFrom(...units),
      max: fc.integer({ min: 1, max: 6 }),
      per: fc.constantFrom("second", "10 seconds", "minute", "hour"),
    })
    .map(({ unit, max, per }) => ({ [unit]: max, per }));

type Entry = Record<string, string | number>;

/** No two limits of one list on the same unit and window: the file would be refused. */
const limits = (units: readonly string[]) =>
  fc.uniqueArray(entry(units), {
    minLength: 1,
    maxLength: 3,
    selector: (limit: Entry) => `${Object.keys(limit)[0]} ${limit["per"]}`,
  });

const optionalLimits = (units: readonly string[]) =>
  fc.option(limits(units), { nil: undefined, freq: 3 }).map((list) => (list ? { limits: list } : {}));

const requests = ["requests"];
const tokens = ["requests", "totalTokens", "promptTokens", "completionTokens"];

/** A policy file's content, as an object. */
export const policyContent = fc
  .record({
    gateway: limits(tokens),
    api: optionalLimits(requests),
    chat: optionalLimits(tokens),
    resource: optionalLimits(requests),
    production: optionalLimits(tokens),
    sandbox: optionalLimits(tokens),
    application: optionalLimits(tokens),
    subscription: limits(tokens),
    custom: limits(tokens),
  })
  .map((some) => ({
    version: 1,
    gateway: { limits: some.gateway },
    tiers: { Basic: { limits: some.subscription } },
    apis: [
      {
        name: "orders",
        version: "v1",
        match: { pathPrefix: "/orders" },
        ...some.api,
        resources: [{ match: "GET /items/{id}", ...some.resource }],
      },
      {
        name: "chat",
        version: "v1",
        match: { pathPrefix: "/chat" },
        ai: { provider: "openai" },
        ...some.chat,
        backends: { production: some.production, sandbox: some.sandbox },
      },
    ],
    applications: applications.map((name) => ({
      name,
      ...some.application,
      subscriptions: { "orders/v1": "Unlimited", "chat/v1": "Basic" },
      credentials: users.flatMap((user) =>
        (["production", "sandbox"] as const).map((environment) => ({
          apiKey: `sha256:${hashApiKey(`${name}-${user}-${environment}`)}`,
          environment,
          user,
        })),
      ),
    })),
    identity: [{ apiKey: { header: "x-api-key" } }],
    custom: [{ name: "per-user", key: "{user}:{api}", limits: some.custom }],
  }));

export function policyOf(content: unknown): Policy {
  return parsePolicy(dump(content), "policy.yaml").policy;
}

/** A request of one of the callers, or of nobody. */
export const request: fc.Arbitrary<HttpRequest> = fc
  .record({
    api: fc.constantFrom(...apis),
    path: fc.constantFrom("/items/1", "/items/2", "/other"),
    key: fc.option(
      fc.tuple(
        fc.constantFrom(...applications),
        fc.constantFrom(...users),
        fc.constantFrom("production", "sandbox"),
      ),
      { freq: 5 },
    ),
  })
  .map(({ api, path, key }) => ({
    method: "GET",
    host: "gateway",
    path: `/${api}${path}`,
    headers: new Map(key ? [["x-api-key", key.join("-")]] : []),
    peerAddress: "203.0.113.7",
    peerPrincipal: "",
    route: { api: null, resource: null },
    metadata: new Map(),
  }));

/** Shuffles every list of a policy whose order means nothing. */
export function shuffled<T>(content: T, random: fc.Arbitrary<number>): fc.Arbitrary<T> {
  return fc.infiniteStream(random).map((stream) => {
    const next = () => stream.next().value ?? 0;
    const walk = (value: unknown): unknown => {
      if (Array.isArray(value)) {
        return value
          .map((item) => ({ item: walk(item), rank: next() }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ item }) => item);
      }
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
    };
    return walk(content) as T;
  });
}
