import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { credential } from "../support/credential.js";
import { checkOf, startTestWeir, type TestWeir } from "../support/weir.js";
import { apis, applications } from "./callers.js";
import { outcome } from "./policy.js";

/** WSO2's counter keys, a row a test: which two requests share a count, and which do not. Each limit admits one. */

const one = "limits: [{ requests: 1, per: year }]";
interface Sent {
  readonly path: string;
  readonly key: string;
  readonly method?: string;
}

const annOnA: Sent = { path: "/a/v1/x", key: "first-ann" };

const rows: { level: string; policy: string; first: Sent; shares: Sent[]; apart: Sent[] }[] = [
  {
    level: "API-level advanced: all callers of the API version",
    policy: `apis:${apis(`, ${one}`)}\napplications:${applications}`,
    first: annOnA,
    shares: [
      { path: "/a/v1/y", key: "second-ann" },
      { path: "/a/v1/x", key: "first-sandbox" },
    ],
    apart: [
      { path: "/a/v2/x", key: "first-ann" },
      { path: "/b/v1/x", key: "first-ann" },
    ],
  },
  {
    level: "resource-level advanced: all callers of the operation",
    policy: `apis:${apis("", `, resources: [{ match: "GET /x/{id}", ${one} }, { match: "POST /x/{id}", ${one} }]`)}\napplications:${applications}`,
    first: { path: "/a/v1/x/1", key: "first-ann" },
    shares: [{ path: "/a/v1/x/2", key: "second-ann" }],
    apart: [
      { path: "/a/v1/x/1", key: "first-ann", method: "POST" },
      { path: "/a/v1/y", key: "first-ann" },
    ],
  },
  {
    level: "resource-level advanced, user level: one user",
    policy: `tiers: { User: { perUser: true, ${one} } }
apis:${apis("", `, resources: [{ match: "GET /x/{id}", tier: User }]`)}\napplications:${applications}`,
    first: { path: "/a/v1/x/1", key: "first-ann" },
    shares: [{ path: "/a/v1/x/2", key: "first-ann" }],
    apart: [{ path: "/a/v1/x/1", key: "first-bob" }],
  },
  {
    level: "subscription: all users of one application on one API",
    policy: `tiers: { One: { ${one} } }\napis:${apis()}\napplications:${applications.replaceAll("a/v1: Unlimited", "a/v1: One")}`,
    first: annOnA,
    shares: [{ path: "/a/v1/y", key: "first-bob" }],
    apart: [
      { path: "/a/v1/x", key: "second-ann" },
      { path: "/b/v1/x", key: "first-ann" },
    ],
  },
  {
    level: "subscription burst: the same",
    policy: `tiers: { One: { burst: { requests: 1, per: year } } }\napis:${apis()}\napplications:${applications.replaceAll("a/v1: Unlimited", "a/v1: One")}`,
    first: annOnA,
    shares: [{ path: "/a/v1/y", key: "first-bob" }],
    apart: [{ path: "/a/v1/x", key: "second-ann" }],
  },
  {
    level: "application: one user inside one application, over all APIs",
    policy: `apis:${apis()}\napplications:${applications.replaceAll("    subscriptions", `    ${one}\n    subscriptions`)}`,
    first: annOnA,
    shares: [{ path: "/b/v1/y", key: "first-sandbox" }],
    apart: [
      { path: "/a/v1/x", key: "first-bob" },
      { path: "/a/v1/x", key: "second-ann" },
    ],
  },
  {
    level: "application burst: the same",
    policy: `tiers: { One: { burst: { requests: 1, per: year } } }\napis:${apis()}\napplications:${applications.replaceAll("    subscriptions", "    tier: One\n    subscriptions")}`,
    first: annOnA,
    shares: [{ path: "/b/v1/y", key: "first-ann" }],
    apart: [
      { path: "/a/v1/x", key: "first-bob" },
      { path: "/a/v1/x", key: "second-ann" },
    ],
  },
  {
    level: "custom: as templated",
    policy: `apis:${apis()}\napplications:${applications}\ncustom: [{ name: r, key: "{user}:{api}", ${one} }]`,
    first: annOnA,
    shares: [{ path: "/a/v1/y", key: "second-ann" }],
    apart: [
      { path: "/a/v1/x", key: "first-bob" },
      { path: "/b/v1/x", key: "first-ann" },
    ],
  },
  {
    level: "backend hard limit: every application and user of the API version in that environment",
    policy: `apis:${apis(`, backends: { production: { ${one} }, sandbox: { ${one} } }`)}\napplications:${applications}`,
    first: annOnA,
    shares: [
      { path: "/a/v1/y", key: "second-ann" },
      { path: "/a/v1/x", key: "first-bob" },
    ],
    apart: [
      { path: "/a/v1/x", key: "first-sandbox" },
      { path: "/a/v2/x", key: "first-ann" },
    ],
  },
  {
    level: "unauthenticated: all requests without credentials to one API",
    policy: `tiers: { One: { ${one} } }\nanonymousTier: One\napis:${apis()}\napplications:${applications}`,
    first: { path: "/a/v1/x", key: "" },
    shares: [{ path: "/a/v1/y", key: "" }],
    apart: [
      { path: "/b/v1/x", key: "" },
      { path: "/a/v1/x", key: "first-ann" },
    ],
  },
];

describe("a count is shared as WSO2's:", () => {
  for (const { level, policy, first, shares, apart } of rows) {
    describe(level, () => {
      let weir: TestWeir;
      before(async () => {
        weir = await startTestWeir(`version: 1\nidentity: [{ apiKey: { header: x-api-key } }]\n${policy}\n`);
      });
      after(() => weir.stop());
      const send = async ({ path, key, method = "GET" }: Sent) =>
        outcome(await weir.check(checkOf(path, { key, method })));

      test("the others of it find it spent, and those outside do not", async () => {
        assert.equal(await send(first), "ok");
        for (const other of shares) assert.notEqual(await send(other), "ok", JSON.stringify(other));
        for (const other of apart) assert.equal(await send(other), "ok", JSON.stringify(other));
      });
    });
  }
});

describe("an API with a tier that has groups", () => {
  const text = (tier: string) => `
version: 1
tiers: { T: ${tier} }
apis: [{ name: a, version: v1, match: { pathPrefix: /a }, tier: T, limits: [{ requests: 6, per: year }] }]
`;
  const admittedUnder = async (tier: string, headers: Record<string, string>) => {
    const weir = await startTestWeir(text(tier));
    try {
      let count = 0;
      while (count < 20 && outcome(await weir.check(checkOf("/a", { headers }))) === "ok") count++;
      return count;
    } finally {
      await weir.stop();
    }
  };
  const when = "[{ header: x-plan, matches: gold }]";

  test("has limits of its own besides, each with a counter of its own", async () => {
    const tier = `{ groups: [{ when: ${when} }], limits: [{ requests: 6, per: year }] }`;
    assert.equal(await admittedUnder(tier, {}), 6);
  });

  test("holds the tier's burst in every group", async () => {
    const tier = `{ groups: [{ when: ${when} }], burst: { requests: 2, per: year } }`;
    assert.equal(await admittedUnder(tier, { "x-plan": "gold" }), 2);
    assert.equal(await admittedUnder(tier, {}), 2);
  });

  test("lets past every group's limits where the tier is not to stop", async () => {
    const tier = `{ stopOnQuotaReach: false, groups: [{ when: ${when}, limits: [{ requests: 1, per: year }] }] }`;
    assert.equal(await admittedUnder(tier, { "x-plan": "gold" }), 6);
  });
});

describe("conditional groups are counted apart, the first that matches alone:", () => {
  let weir: TestWeir;
  before(async () => {
    weir = await startTestWeir(`
version: 1
trustedProxies: 1
tiers:
  Grouped:
    groups:
      - { name: place, when: [{ ip: 203.0.113.0/24 }], limits: [{ requests: 2, per: year }] }
      - when: [{ header: x-plan, matches: gold }, { query: region, matches: ^eu$ }]
        limits: [{ requests: 3, per: year }]
      - { name: free, when: [{ header: x-plan, matches: free }] }
      - { name: not-ours, when: [{ ip: 10.0.0.0/8, invert: true }, { header: x-plan, matches: ., invert: true }], limits: [{ requests: 4, per: year }] }
    limits: [{ requests: 1, per: year }]
apis: [{ name: a, version: v1, match: { pathPrefix: /a }, tier: Grouped }]
`);
  });
  after(() => weir.stop());

  const admitted = async (path: string, headers: Record<string, string>) => {
    let count = 0;
    while (count < 8 && outcome(await weir.check(checkOf(path, { headers }))) === "ok") count++;
    return count;
  };
  const from = (ip: string) => ({ "x-forwarded-for": ip });

  test("by address, by header and query together, without a limit, inverted, and the default", async () => {
    assert.equal(await admitted("/a", { ...from("203.0.113.9"), "x-plan": "gold" }), 2);
    assert.equal(await admitted("/a?region=eu", { ...from("10.0.0.1"), "x-plan": "gold" }), 3);
    assert.equal(await admitted("/a", { ...from("10.0.0.1"), "x-plan": "free" }), 8);
    assert.equal(await admitted("/a", from("198.51.100.1")), 4);
    assert.equal(await admitted("/a?region=us", { ...from("10.0.0.1"), "x-plan": "gold" }), 1);
    assert.equal(await admitted("/a", from("10.0.0.2")), 0, "the default is one for all");
  });
});

describe("the token maxima of a backend are one counter for each kind and environment:", () => {
  const kinds = ["totalTokens", "promptTokens", "completionTokens"];
  for (const environment of ["production", "sandbox"] as const) {
    test(`${environment}'s, for all callers together`, async () => {
      const maxima = `{ limits: [{ totalTokens: 30, promptTokens: 20, completionTokens: 10, per: year }] }`;
      const weir = await startTestWeir(`
version: 1
identity: [{ apiKey: { header: x-api-key } }]
apis: [{ name: a, version: v1, match: { pathPrefix: /a/v1 }, ai: { provider: openai }, backends: { production: ${maxima}, sandbox: ${maxima} } }]
applications:
  - name: first
    subscriptions: { a/v1: Unlimited }
    credentials: [${credential("first", `, environment: ${environment}`)}]
  - name: second
    subscriptions: { a/v1: Unlimited }
    credentials: [${credential("second", `, environment: ${environment}`)}]
`);
      try {
        for (const key of ["first", "second"]) {
          const reply = await weir.check(checkOf("/a/v1", { key }));
          const weirMetadata = reply.dynamicMetadata?.["weir"] as { usage: [string, string][] };
          assert.deepEqual(
            weirMetadata.usage.toSorted(),
            kinds.map((kind) => [`backend:a/v1 ${environment}:${kind}:year`, ""]).toSorted(),
          );
        }
      } finally {
        await weir.stop();
      }
    });
  }
});
