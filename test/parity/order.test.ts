import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { credential } from "../support/credential.js";
import { checkOf, startTestWeir, type TestWeir } from "../support/weir.js";
import { outcome } from "./policy.js";

/** WSO2's order of evaluation, a row a test, and what must be the same or better than there. */

const limits = "limits: [{ requests: 1, per: year }]";

/** Every level admits one and waits as long, so that the order alone decides which is named. */
const policy = (without: readonly string[]) => {
  const at = (level: string, text: string) => (without.includes(level) ? "" : text);
  return `
version: 1
identity: [{ apiKey: { header: x-api-key } }]
tiers:
  Sub: { ${at("subscription", `${limits},`)} burst: { requests: ${without.includes("burst") ? 99 : 1}, per: year } }
${at("gateway", `gateway: { ${limits} }`)}
apis:
  - name: a
    version: v1
    match: { pathPrefix: /a }
    ${at("api", limits)}
    resources: [{ match: "GET /x"${at("resource", `, ${limits}`)} }]
    backends: { production: { ${limits} } }
applications:
  - name: app
    ${at("application", limits)}
    subscriptions: { a/v1: Sub }
    credentials: [${credential("app")}]
custom: [{ name: r, key: "{user}", limits: [{ requests: ${without.includes("custom") ? 99 : 1}, per: year }] }]
`;
};

const rows = [
  { named: 900800, what: "the gateway", without: [] },
  { named: 900800, what: "the API", without: ["gateway"] },
  { named: 900802, what: "the resource", without: ["gateway", "api"] },
  { named: 900804, what: "the subscription", without: ["gateway", "api", "resource"] },
  { named: 900807, what: "the burst", without: ["gateway", "api", "resource", "subscription"] },
  {
    named: 900803,
    what: "the application",
    without: ["gateway", "api", "resource", "subscription", "burst"],
  },
  {
    named: 900806,
    what: "the custom rule",
    without: ["gateway", "api", "resource", "subscription", "burst", "application"],
  },
  {
    named: 900801,
    what: "the backend, last",
    without: ["gateway", "api", "resource", "subscription", "burst", "application", "custom"],
  },
];

describe("of limits that are all exceeded and all wait as long, the one named is", () => {
  for (const { named, what, without } of rows) {
    test(`${what}, ${named}, with ${without.join(", ") || "none"} left out`, async () => {
      const weir = await startTestWeir(policy(without));
      try {
        const ask = async () => outcome(await weir.check(checkOf("/a/x", { key: "app" })));
        assert.equal(await ask(), "ok");
        assert.equal(await ask(), named);
      } finally {
        await weir.stop();
      }
    });
  }
});

describe("the consequences of the order", () => {
  let weir: TestWeir;
  before(async () => {
    weir = await startTestWeir(`
version: 1
identity: [{ apiKey: { header: x-api-key } }]
tiers:
  Soft: { stopOnQuotaReach: false, limits: [{ requests: 1, per: year }], burst: { requests: 4, per: year } }
  Burst: { burst: { requests: 3, per: year } }
apis:
  - { name: soft, version: v1, match: { pathPrefix: /soft } }
  - name: both
    version: v1
    match: { pathPrefix: /both }
    limits: [{ requests: 5, per: year }]
    resources: [{ match: "GET /x", limits: [{ requests: 2, per: year }] }]
  - name: late
    version: v1
    match: { pathPrefix: /late }
    backends: { production: { limits: [{ requests: 1, per: year }] }, sandbox: {} }
  - name: tokens
    version: v1
    match: { pathPrefix: /tokens }
    ai: { provider: openai }
    backends: { production: { limits: [{ totalTokens: 10, per: year }] } }
applications:
  - name: app
    subscriptions: { soft/v1: Soft, both/v1: Unlimited, late/v1: Burst, tokens/v1: Unlimited }
    credentials: [${credential("app")}, ${credential("app-sandbox", ", environment: sandbox")}]
deny: [{ application: app, api: tokens/v1, environment: sandbox }]
`);
  });
  after(() => weir.stop());
  const ask = async (path: string, key = "app") => outcome(await weir.check(checkOf(path, { key })));

  test("a quota that is not to stop lets past it and is reported, while the burst and all others hold", async () => {
    for (let i = 0; i < 4; i++) assert.equal(await ask("/soft"), "ok");
    assert.equal(await ask("/soft"), 900807);
    assert.match(await weir.metrics(), /weir_would_deny_total\{api="soft\/v1",level="subscription"\} 3/);
    assert.match(weir.log(), /"deniedBy":"subscription".*"would deny"/);
  });

  test("API and resource limits both apply, unlike in WSO2, which ignores the second", async () => {
    assert.equal(await ask("/both/x"), "ok");
    assert.equal(await ask("/both/x"), "ok");
    assert.equal(await ask("/both/x"), 900802);
    for (let i = 0; i < 3; i++) assert.equal(await ask("/both/y"), "ok");
    assert.equal(await ask("/both/y"), 900800);
  });

  test("a request that the backend's maximum denies is not charged to the burst, unlike in WSO2", async () => {
    assert.equal(await ask("/late"), "ok");
    for (let i = 0; i < 5; i++) assert.equal(await ask("/late"), 900801);
    assert.equal(await ask("/late", "app-sandbox"), "ok");
    assert.equal(await ask("/late", "app-sandbox"), "ok");
    assert.equal(await ask("/late", "app-sandbox"), 900807);
  });

  test("a token maximum of the backend works without one on requests, unlike in WSO2", async () => {
    const reply = await weir.check(checkOf("/tokens", { key: "app" }));
    const metadata = reply.dynamicMetadata?.["weir"] as { usage: [string, string][] };
    assert.deepEqual(metadata.usage, [["backend:tokens/v1 production:totalTokens:year", ""]]);
  });

  test("a deny policy comes before everything else, and by environment only where it says so", async () => {
    assert.equal(await ask("/tokens", "app-sandbox"), 900805);
    assert.equal(await ask("/tokens", "app"), "ok");
  });
});

describe("in shadow mode", () => {
  const denying = `
identity: [{ apiKey: { header: x-api-key } }]
deny: [{ ip: 198.51.100.0/24 }]
unmatched: deny
applications: [{ name: app, subscriptions: { a/v1: Unlimited }, credentials: [${credential("app")}] }]`;
  const cases = [
    {
      what: "a limit",
      text: "apis: [{ name: a, version: v1, match: { pathPrefix: /a }, limits: [{ requests: 1, per: year, shadow: true }] }]",
    },
    {
      what: "a tier",
      text: "tiers: { T: { shadow: true, limits: [{ requests: 1, per: year }] } }\napis: [{ name: a, version: v1, match: { pathPrefix: /a }, tier: T }]",
    },
    {
      what: "an API",
      text: "apis: [{ name: a, version: v1, shadow: true, match: { pathPrefix: /a }, limits: [{ requests: 1, per: year }] }]",
    },
    {
      what: "everything",
      text: "shadow: true\napis: [{ name: a, version: v1, match: { pathPrefix: /a }, limits: [{ requests: 1, per: year }] }]",
    },
  ];
  for (const { what, text } of cases) {
    test(`${what} counts and reports what it would deny, and denies nothing`, async () => {
      const weir = await startTestWeir(`version: 1\n${text}\n${denying}\n`);
      try {
        for (let i = 0; i < 3; i++) {
          const reply = await weir.check(checkOf("/a", { key: "app" }));
          assert.equal(outcome(reply), "ok");
          const metadata = reply.dynamicMetadata?.["weir"] as { wouldDeny?: { level: string } };
          assert.equal(metadata.wouldDeny?.level, i === 0 ? undefined : "api");
          assert.equal(reply.okResponse?.responseHeadersToAdd.length, 0, "a client is told of no such limit");
        }
        assert.match(await weir.metrics(), /weir_would_deny_total\{api="a\/v1",level="api"\} 2/);
        assert.equal(outcome(await weir.check(checkOf("/none"))), what === "everything" ? "ok" : 900906);
      } finally {
        await weir.stop();
      }
    });
  }
});
