import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { MemoryStore } from "../../src/counters/memory.js";
import { decide } from "../../src/decision/decide.js";
import { checkReply } from "../../src/envoy/check-reply.js";
import { requestHeadersOf } from "../../src/envoy-config/request-headers.js";
import { credential } from "../support/credential.js";
import { requestOf } from "../support/requests.js";

const NOW = Date.UTC(2026, 0, 1);

/** Every feature that reads a header. */
const everything = `version: 1
trustedProxies: 1
apis:
  - name: orders
    version: v1
    match: { pathPrefix: / }
    tier: OfApi
    resources: [{ match: "GET /*", tier: OfResource }]
  - { name: chat, version: v1, match: { pathPrefix: /chat }, ai: { provider: openai, admission: reserve } }
tiers:
  OfApi:
    perUser: true
    groups: [{ when: [{ header: X-Group, matches: a }, { header: X-Other-Group, matches: b, invert: true }, { ip: 10.0.0.0/8 }], limits: [{ requests: 5, per: minute }] }]
    limits: [{ requests: 100, per: minute }]
  OfResource:
    groups: [{ when: [{ header: X-Resource-Group, matches: a }], limits: [{ requests: 5, per: minute }] }]
    limits: [{ requests: 100, per: minute }]
applications:
  - { name: mobile, subscriptions: { orders/v1: Unlimited }, credentials: [${credential("key")}] }
identity:
  - apiKey: { header: X-API-Key }
  - apiKey: { query: key }
  - apiKey: { cookie: key }
  - trusted: { application: X-App, user: X-User, environment: X-Env }
deny: [{ ip: 198.51.100.0/24 }]
custom:
  - { name: c, key: "{header.X-Tenant}:{header.x-Region}:{user}", limits: [{ requests: 1, per: minute }] }
`;

/** Requests with headers, which tell what is asked of them. */
class Recorded extends Map<string, string> {
  readonly asked = new Set<string>();

  override get(name: string): string | undefined {
    this.asked.add(name);
    return super.get(name);
  }

  override has(name: string): boolean {
    this.asked.add(name);
    return super.has(name);
  }

  override entries(): never {
    throw new Error("headers are asked for by their names");
  }

  override [Symbol.iterator](): never {
    return this.entries();
  }
}

async function readBy(text: string, requests: readonly Record<string, string>[]): Promise<string[]> {
  const { policy } = parsePolicy(text, "policy");
  const store = new MemoryStore({ maxCounters: 100 });
  const asked = new Set<string>();
  for (const headers of requests) {
    const recorded = new Recorded();
    for (const [name, value] of Object.entries(headers)) recorded.set(name, value);
    const decision = await decide(policy, store, { ...requestOf({ path: "/a" }), headers: recorded }, NOW);
    checkReply(decision, policy, NOW);
    for (const name of recorded.asked) asked.add(name);
  }
  return [...asked].sort();
}

const listedFor = (text: string) => requestHeadersOf(parsePolicy(text, "policy"));

describe("the headers that Envoy sends to weir", () => {
  test("are all that weir reads, and no others", async () => {
    const groups = { "x-group": "a", "x-other-group": "c", "x-resource-group": "a" };
    const twice = { ...groups, "x-app": "mobile", "x-user": "ann" };
    const requests = [
      {},
      groups,
      twice,
      // The second is over the limit of the custom rule, and is told so in its own way.
      { ...twice, "content-type": "text/xml", soapaction: "x", accept: "application/xml" },
      { ...twice, accept: "text/html" },
      { "x-api-key": "unknown" },
      { cookie: "key=unknown" },
    ];
    const read = await readBy(everything, requests);
    assert.deepEqual([...listedFor(everything).read].sort(), read);
    assert.ok(read.length >= 14, read.join());
  });

  test("are few where little is read", async () => {
    const text = "version: 1\nunmatched: deny";
    assert.deepEqual([...listedFor(text).read].sort(), await readBy(text, [{ "content-type": "text/xml" }]));
  });

  test("are stripped of what only the gateway may say", () => {
    assert.deepEqual(listedFor(everything).stripped, ["x-weir-environment", "x-app", "x-user", "x-env"]);
    const open = "version: 1\nonUnavailable: allow";
    assert.deepEqual(listedFor(open).stripped, ["x-weir-environment", "x-envoy-auth-failure-mode-allowed"]);
  });
});
