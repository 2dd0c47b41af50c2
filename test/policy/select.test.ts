import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ApiIndex } from "../../src/policy/api-index.js";
import { compileKeyTemplate } from "../../src/policy/key-template.js";
import type { Charge, Level, Limit } from "../../src/policy/limit.js";
import { ModelBook, modelPattern } from "../../src/policy/model.js";
import type { Policy } from "../../src/policy/policy.js";
import { ofModel, selectCharges, settleCharges, usageCharges } from "../../src/policy/select.js";
import { limitOf } from "../support/limits.js";
import { anonymousOf, apiOf, applicationOf, subjectOf } from "./subjects.js";

const limit = (level: Level, scope: string = level) => limitOf({ level, scope });
const limits = (level: Level, scope?: string) => [limit(level, scope)];
const own = (level: Level) => ({ own: limits(level), tier: null });

function policyOf(key: string, custom: readonly Limit[]): Policy {
  const template = compileKeyTemplate(key);
  if ("error" in template) assert.fail(template.error);
  return {
    gateway: limits("gateway"),
    apis: new ApiIndex(),
    apisByRef: new Map(),
    identity: [],
    denyRules: [],
    customRules: [{ key: template, limits: custom }],
    unmatched: "allow",
    anonymous: "allow",
    claims: null,
    trustedProxies: 0,
    shadow: false,
    faults: { format: "wso2-3", backendStatus: 503 },
    headers: { xRateLimit: true, rateLimit: false, aiTokens: true },
    models: new ModelBook([]),
    unknownModel: "default",
    limits: new Map(),
  };
}

const policy = policyOf("{user}:{api}", [limit("custom")]);
const backends = {
  production: { limits: limits("backend", "production") },
  sandbox: { limits: limits("backend", "sandbox") },
};
const api = apiOf("orders/v1", { limits: own("api"), backends });
const application = applicationOf("mobile", {
  limits: [limit("application"), limit("applicationBurst")],
  subscriptions: new Map([["orders/v1", { limits: limits("subscription") }]]),
});
const shown = (selected: readonly Charge[]) =>
  selected.map(({ limit, key }) => `${limit.level} ${limit.scope} "${key}"`).sort();

describe("a request is charged to", () => {
  test("every limit of every level that matches it", () => {
    const subject = {
      ...subjectOf({ api, application }),
      resource: { name: "GET /items", limits: own("resource") },
    };
    assert.deepEqual(shown(selectCharges(policy, subject)), [
      'api api ""',
      'application application "ann"',
      'applicationBurst applicationBurst "ann"',
      'backend production ""',
      'custom custom "ann:orders/v1"',
      'gateway gateway ""',
      'resource resource ""',
      'subscription subscription ""',
    ]);
  });

  test("the backend of its own environment alone", () => {
    const selected = shown(selectCharges(policy, subjectOf({ api, application, environment: "sandbox" })));
    assert.ok(selected.includes('backend sandbox ""'));
    assert.ok(!selected.includes('backend production ""'));
  });

  test("no application and no subscription without credentials, but to the rest", () => {
    assert.deepEqual(shown(selectCharges(policy, anonymousOf({ api }))), [
      'api api ""',
      'backend production ""',
      'custom custom "anonymous:orders/v1"',
      'gateway gateway ""',
    ]);
  });

  test("the gateway and the application where no API matches", () => {
    assert.deepEqual(shown(selectCharges(policy, subjectOf({ api: null, application }))), [
      'application application "ann"',
      'applicationBurst applicationBurst "ann"',
      'gateway gateway ""',
    ]);
  });

  test("no subscription to another API", () => {
    const other = apiOf("chat/v1");
    const selected = shown(selectCharges(policy, subjectOf({ api: other, application })));
    assert.ok(!selected.some((charge) => charge.startsWith("subscription")));
  });
});

describe("of the charges of a request", () => {
  const patterns = ["gpt-4*", "gpt-4o", "o1*", "*"];
  const all = [null, ...patterns].map((text) => ({
    limit: limitOf({ model: text === null ? null : modelPattern(text), scope: text ?? "any" }),
    key: "",
    amount: 1,
  }));
  const scopes = (model: string | null) => ofModel(all, model).map(({ limit }) => limit.scope);

  test("those of limits on other models are left out", () => {
    assert.deepEqual(scopes("gpt-4o"), ["any", "gpt-4*", "gpt-4o", "*"]);
    assert.deepEqual(scopes("GPT-4-turbo"), ["any", "gpt-4*", "*"]);
    assert.deepEqual(scopes("claude-3"), ["any", "*"]);
  });

  test("those of limits on some models are left out where it names none", () => {
    assert.deepEqual(scopes(null), ["any", "*"]);
  });

  test("all are selected before its model is known", () => {
    const policy = policyOf("k", []);
    const limited = { ...policy, gateway: all.map(({ limit }) => limit) };
    assert.equal(selectCharges(limited, anonymousOf({ api })).length, all.length + 2);
  });
});

describe("a charge", () => {
  const requests = limitOf({ unit: "requests" });
  const total = limitOf({ unit: "totalTokens" });
  const prompt = limitOf({ unit: "promptTokens" });
  const completion = limitOf({ unit: "completionTokens" });
  const spend = limitOf({ unit: "spend" });
  const all = [requests, total, prompt, completion, spend].map((limit) => ({
    limit,
    key: "k",
    amount: limit.unit === "requests" ? 1 : 0,
  }));

  test("of a request is one request and no tokens yet", () => {
    assert.deepEqual(
      all.map(({ amount }) => amount),
      [1, 0, 0, 0, 0],
    );
  });

  test("of a response is what it used, on the limits of its request on tokens and money", () => {
    const used = { totalTokens: 30, promptTokens: 10, completionTokens: 20, spend: 7 };
    assert.deepEqual(settleCharges(all, used), [
      { limit: total, key: "k", amount: 30 },
      { limit: prompt, key: "k", amount: 10 },
      { limit: completion, key: "k", amount: 20 },
      { limit: spend, key: "k", amount: 7 },
    ]);
    assert.deepEqual(
      usageCharges(all).map(({ limit }) => limit),
      [total, prompt, completion, spend],
    );
  });
});
