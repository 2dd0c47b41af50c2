import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { hashApiKey } from "../../src/identity/api-key.js";
import { mistakesIn } from "./loading.js";

/** The policy file of the design brief (section 3), word for word, with the tier 50PerMin that it leaves out. */
const brief = `version: 1
gateway: { limits: [{ requests: 5000, per: second }] }
tiers:                                    # Unlimited is built in
  Gold:     { limits: [{ requests: 5000, per: minute }], burst: { requests: 200, per: second } }
  Bronze:   { limits: [{ requests: 20, per: minute }] }
  10kPerMin: { limits: [{ requests: 10000, per: minute }] }
  AIBasic:  { limits: [{ totalTokens: 50000, per: minute }, { requests: 60, per: minute }] }
  50PerMin: { limits: [{ requests: 50, per: minute }] }
apis:
  - name: orders
    version: v1
    match: { hosts: [api.example.com], pathPrefix: /orders/v1 }
    resources:
      - { match: GET /items/{id}, tier: 10kPerMin }
      - { match: POST /items, limits: [{ requests: 5, per: second }] }
    backends:
      production: { url: http://orders:8080, limits: [{ requests: 1000, per: second }] }
      sandbox: { url: http://orders-sandbox:8080, limits: [{ requests: 50, per: second }] }
  - name: chat
    version: v1
    match: { pathPrefix: /chat/v1 }
    ai: { provider: openai, admission: reserve }
    backends:
      production: { url: https://llm.example.com, limits: [{ totalTokens: 1000000, promptTokens: 800000, completionTokens: 400000, per: minute }] }
      sandbox: { url: http://llm-sandbox:8080, limits: [{ totalTokens: 20000, per: minute }] }
applications:
  - name: mobile
    tier: 50PerMin                        # per user of the application
    subscriptions: { orders/v1: Gold, chat/v1: AIBasic }
    credentials:
      - { apiKey: "sha256:…", environment: production }
      - { apiKey: "sha256:…", environment: sandbox }
      - { clientId: mobile-web }          # from a verified JWT
identity:                                 # tried in order; what none of them proves is anonymous
  - apiKey: { header: x-api-key }
  - jwt: { metadata: [envoy.filters.http.jwt_authn, payload], application: azp, user: sub, environment: keytype }
deny: [{ ip: 203.0.113.0/24 }, { application: mobile, api: chat/v1 }]
custom: [{ name: per-user-per-api, key: "{user}:{api}", limits: [{ requests: 100, per: minute }] }]
faults: { format: wso2-3 }                # wso2-3 | wso2-4 | choreo-connect | openai | problem+json
store: { kind: memory }                   # or redis: { url, mode: leased | strict, onError: local | allow | deny }
`;

describe("the policy file of the brief", () => {
  test("loads as it stands, with warnings", () => {
    const { policy, warnings } = parsePolicy(brief, "brief.yaml");
    assert.equal(policy.limits.size, 15);
    assert.equal(policy.apis.find("api.example.com", ["orders", "v1"])?.api.ref, "orders/v1");
    assert.deepEqual(
      warnings.map((warning) => warning.replace(/: .*/, "")),
      ["brief.yaml:12", "brief.yaml:31", "brief.yaml:32"],
    );
    assert.match(warnings[0] ?? "", /another host/);
    assert.match(warnings[1] ?? "", /is a placeholder/);
  });

  test("has no key that is known by a placeholder", () => {
    const [keys] = parsePolicy(brief, "brief.yaml").policy.identity;
    assert.equal(keys?.kind === "apiKey" && keys.credentials.size, 0);
  });

  test("loads with two hashes in their place, and the warnings of placeholders are gone", () => {
    const text = brief.replace("…", hashApiKey("a")).replace("…", hashApiKey("b"));
    const { policy, warnings } = parsePolicy(text, "brief.yaml");
    assert.equal(warnings.length, 1);
    const [keys] = policy.identity;
    assert.equal(keys?.kind === "apiKey" && keys.credentials.size, 2);
  });

  test("is refused without the tier that it names and does not define", () => {
    const text = brief.replace(/^ {2}50PerMin:.*\n/m, "");
    const line = text.split("\n").findIndex((text) => text.includes("tier: 50PerMin")) + 1;
    assert.deepEqual(mistakesIn(text), [
      `${line}: applications[0].tier: unknown tier "50PerMin"; did you mean "10kPerMin"?`,
    ]);
  });
});

describe("an operation with a parameter", () => {
  const withResources = (resources: string) =>
    `version: 1\napis: [{ name: a, version: v1, match: { pathPrefix: /a }, resources: ${resources} }]\n`;
  const find = (resources: string, method: string, path: string[]) =>
    parsePolicy(withResources(resources), "p").policy.apisByRef.get("a/v1")?.resources.find(method, path)
      ?.name;

  test("needs no quotes between braces, though YAML would have them", () => {
    assert.equal(find("[{ match: GET /items/{id} }]", "GET", ["items", "1"]), "GET /items/{id}");
    assert.equal(
      find("[{ match: PUT /{a}/{b}/*, limits: [{ requests: 1, per: day }] }]", "PUT", ["1", "2", "3"]),
      "PUT /{a}/{b}/*",
    );
    assert.equal(find("[{match: GET /{a}},{match: GET /b}]", "GET", ["b"]), "GET /b");
  });

  test("leaves every other mistake of the text where it was", () => {
    const [mistake] = mistakesIn(withResources("[{ match: GET /items/{id} }, { match: GET /b ]"));
    assert.match(mistake ?? "", /^2: /);
  });
});
