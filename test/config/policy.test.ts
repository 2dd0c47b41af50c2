import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { hashApiKey } from "../../src/identity/api-key.js";
import type { IdentitySource } from "../../src/policy/policy.js";
import { formatWindow } from "../../src/policy/window.js";
import { mistakesIn, readFixture } from "./loading.js";

const example = readFixture("example.yaml");

describe("the example policy", () => {
  const { policy, file, warnings } = parsePolicy(example, "example.yaml");

  test("has nothing to warn of", () => {
    assert.deepEqual(warnings, []);
  });

  test("limits what it says, at the level where it says so", () => {
    const limits = [...policy.limits].map(([id, { max }]) => `${id} ${max}`);
    assert.deepEqual(limits.sort(), [
      "application:mobile:requests:minute 50",
      "backend:chat/v1 production:completionTokens:minute 400000",
      "backend:chat/v1 production:promptTokens:minute 800000",
      "backend:chat/v1 production:totalTokens:minute 1000000",
      "backend:chat/v1 sandbox:totalTokens:minute 20000",
      "backend:orders/v1 production:requests:second 1000",
      "backend:orders/v1 sandbox:requests:second 50",
      "custom:per-user-per-api:requests:minute 100",
      "gateway:gateway:requests:second 5000",
      "resource:orders/v1 GET /items/{id}:requests:minute 10000",
      "resource:orders/v1 POST /items:requests:second 5",
      "subscription:mobile on chat/v1:requests:minute 60",
      "subscription:mobile on chat/v1:requests:minute:model=o1* 10",
      "subscription:mobile on chat/v1:spend:day 25000000",
      "subscription:mobile on chat/v1:totalTokens:minute 50000",
      "subscription:mobile on orders/v1:requests:minute 5000",
      "subscriptionBurst:mobile on orders/v1:requests:second 200",
    ]);
  });

  test("gives each limit its parts", () => {
    const { window, ...limit } =
      policy.limits.get("subscriptionBurst:mobile on orders/v1:requests:second") ?? {};
    assert.deepEqual(limit, {
      id: "subscriptionBurst:mobile on orders/v1:requests:second",
      level: "subscriptionBurst",
      scope: "mobile on orders/v1",
      unit: "requests",
      max: 200,
      model: null,
      enforced: true,
    });
    assert.equal(window && formatWindow(window), "second");
  });

  test("finds its APIs by host and prefix, and their operations behind it", () => {
    const orders = policy.apis.find("api.example.com", ["orders", "v1", "items", "7"]);
    assert.equal(orders?.api.ref, "orders/v1");
    assert.equal(orders?.api, policy.apisByRef.get("orders/v1"));
    assert.equal(orders?.api.resources.find("GET", ["items", "7"])?.name, "GET /items/{id}");
    assert.equal(policy.apis.find("www.example.com", ["orders", "v1"]), null);
    const chat = policy.apis.find("anything.example.org", ["chat", "v1", "completions"]);
    assert.equal(chat?.api.ref, "chat/v1");
    assert.deepEqual(chat?.api.ai?.source, { provider: "openai" });
    assert.equal(orders?.api.ai, null);
  });

  test("serves both environments of a backend, each with its own maximum", () => {
    const backends = policy.apisByRef.get("orders/v1")?.backends;
    const maxima = (name: "production" | "sandbox") =>
      backends?.[name]?.limits.map(({ max, unit }) => [max, unit]);
    assert.deepEqual(maxima("production"), [[1000, "requests"]]);
    assert.deepEqual(maxima("sandbox"), [[50, "requests"]]);
  });

  test("knows its callers by key, client id and name, in the order of its sources", () => {
    assert.deepEqual(
      policy.identity.map(({ kind }) => kind),
      ["apiKey", "jwt", "trusted"],
    );
    const [keys, tokens, trusted] = policy.identity as [
      Extract<IdentitySource, { kind: "apiKey" }>,
      Extract<IdentitySource, { kind: "jwt" }>,
      Extract<IdentitySource, { kind: "trusted" }>,
    ];
    const application = trusted.applications.get("mobile");
    assert.equal(application?.name, "mobile");
    assert.deepEqual(keys.place, { in: "header", name: "x-api-key" });
    assert.equal(keys.credentials.size, 2);
    assert.deepEqual(keys.credentials.get(hashApiKey("key-production")), {
      application,
      environment: "production",
      user: null,
    });
    assert.deepEqual(keys.credentials.get(hashApiKey("key-sandbox")), {
      application,
      environment: "sandbox",
      user: "tester",
    });
    assert.deepEqual(tokens.metadata, ["envoy.filters.http.jwt_authn", "payload"]);
    assert.deepEqual(tokens.claims, { application: "azp", user: "sub", environment: "keytype" });
    assert.deepEqual(tokens.credentials.get("mobile-web"), {
      application,
      environment: "production",
      user: null,
    });
    assert.deepEqual(trusted.headers, { application: "x-application", user: "x-user", environment: null });
  });

  test("keeps the settings that are not limits", () => {
    assert.equal(policy.denyRules.length, 2);
    assert.deepEqual(policy.denyRules[0]?.ip, { first: [203, 0, 113, 0], last: [203, 0, 113, 255] });
    assert.deepEqual(policy.denyRules[1], {
      ...{ ip: null, invert: false, user: null, environment: null },
      ...{ api: "chat/v1", application: "mobile" },
    });
    assert.equal(policy.unmatched, "deny");
    assert.equal(policy.anonymous, "deny");
    assert.deepEqual(policy.faults, { format: "wso2-3", backendStatus: 503 });
    assert.equal(file.store?.maxCounters, 50_000);
  });
});

describe("a policy that is good but for what its author should know", () => {
  test("loads, with warnings by their lines", () => {
    const { warnings } = parsePolicy(readFixture("with-warnings.yaml"), "p.yaml");
    assert.deepEqual(warnings, [
      "p.yaml:4: apis[0].match.hosts: requests that name another host meet none of this API's limits: say unmatched: deny, " +
        "or see that Envoy's domains let no other host through",
      "p.yaml:5: apis[1].ai.onDisconnect: zero charges nothing for an answer whose client hangs up before its end, " +
        "much as it has read",
    ]);
  });
});

describe("a policy", () => {
  test("of nothing but its version limits nothing and lets all pass", () => {
    const { policy, warnings } = parsePolicy("version: 1\n", "policy.yaml");
    assert.equal(policy.limits.size, 0);
    assert.deepEqual([policy.unmatched, policy.anonymous], ["allow", "allow"]);
    assert.deepEqual(
      [policy.gateway, policy.identity, policy.denyRules, policy.customRules],
      [[], [], [], []],
    );
    assert.deepEqual(warnings, []);
  });

  test("may be written as JSON", () => {
    const { policy } = parsePolicy(
      '{"version": 1, "gateway": {"limits": [{"requests": 1, "per": "day"}]}}',
      "p",
    );
    assert.deepEqual([...policy.limits.keys()], ["gateway:gateway:requests:day"]);
  });

  test("names its keys' hashes in any case of letters", () => {
    const text = example.replace(/sha256:[0-9a-f]{64}/g, (hash) => hash.toUpperCase().replace("SHA", "sha"));
    assert.notEqual(text, example);
    assert.deepEqual(mistakesIn(text), []);
  });

  test("with a tier and limits of its own has both, the smaller number where they count the same", () => {
    const { policy } = parsePolicy(
      `version: 1
tiers:
  Gold: { limits: [{ requests: 50, per: minute }], burst: { requests: 9, per: second } }
apis:
  - name: orders
    version: v1
    match: { pathPrefix: /orders }
    tier: Gold
    limits: [{ requests: 20, per: 1 minute }, { requests: 10, per: second }, { requests: 500, per: day }]
`,
      "policy.yaml",
    );
    assert.deepEqual(
      [...policy.limits].map(([id, { max }]) => `${id} ${max}`),
      [
        "api:orders/v1:requests:minute 20",
        "api:orders/v1:requests:second 9",
        "api:orders/v1:requests:day 500",
      ],
    );
    assert.equal(policy.apisByRef.get("orders/v1")?.limits.own.length, 3);
  });

  test("of an API without backends serves both environments without a maximum", () => {
    const text = "version: 1\napis: [{ name: a, version: v1, match: { pathPrefix: /a } }]\n";
    assert.equal(parsePolicy(text, "p").policy.apisByRef.get("a/v1")?.backends, null);
  });
});
