import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { hashApiKey } from "../../src/identity/api-key.js";
import { mistakesIn } from "./loading.js";

/**
 * The policy file of the design brief (section 3), word for word but for two things: the tier 50PerMin is there,
 * and the operation with {id} is in quotes, without which it is not YAML.
 */
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
      - { match: "GET /items/{id}", tier: 10kPerMin }
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
  test("loads once its placeholders are hashes", () => {
    let keys = 0;
    const text = brief.replace(/sha256:…/g, () => `sha256:${hashApiKey(`key-${keys++}`)}`);
    assert.equal(keys, 2);
    const { policy, warnings } = parsePolicy(text, "brief.yaml");
    assert.equal(policy.limits.size, 15);
    assert.equal(warnings.length, 1);
  });

  test("is refused with its placeholders, which are no hashes, where they stand", () => {
    const line = brief.split("\n").findIndex((text) => text.includes("…")) + 1;
    const message = 'must be "sha256:" and 64 hex digits: keys themselves do not belong into the file';
    assert.deepEqual(mistakesIn(brief), [
      `${line}: applications[0].credentials[0].apiKey: ${message}`,
      `${line + 1}: applications[0].credentials[1].apiKey: ${message}`,
    ]);
  });

  test("is refused without the tier that it names and does not define", () => {
    const hashed = brief.replace("…", hashApiKey("a")).replace("…", hashApiKey("b"));
    const text = hashed.replace(/^ {2}50PerMin:.*\n/m, "");
    const line = text.split("\n").findIndex((text) => text.includes("tier: 50PerMin")) + 1;
    assert.deepEqual(mistakesIn(text), [
      `${line}: applications[0].tier: unknown tier "50PerMin"; did you mean "10kPerMin"?`,
    ]);
  });

  test("needs quotes around {id} between braces, and says so", () => {
    const text = brief.replace('"GET /items/{id}"', "GET /items/{id}");
    const line = text.split("\n").findIndex((text) => text.includes("{id}")) + 1;
    const message =
      "missed comma between flow collection entries; text with any of { } [ ] , needs quotes here";
    assert.deepEqual(mistakesIn(text), [`${line}: ${message}`]);
  });
});
