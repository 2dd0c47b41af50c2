import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ClientResponse } from "../../demo/gateway.js";
import { credential } from "../support/credential.js";
import { startTestStack, type TestStack } from "./stack.js";

/** Years keep windows from ending under the tests. */
const policy = `
version: 1
gateway: { limits: [{ requests: 1000, per: year }] }
tiers:
  Forty: { limits: [{ requests: 40, per: year }] }
  Bursty: { limits: [{ requests: 1000, per: year }], burst: { requests: 30, per: month } }
apis:
  - { name: api, version: v1, match: { pathPrefix: /api }, limits: [{ requests: 60, per: year }] }
  - name: resource
    version: v1
    match: { pathPrefix: /resource }
    resources: [{ match: "GET /items/{id}", limits: [{ requests: 25, per: year }] }]
  - { name: plain, version: v1, match: { pathPrefix: /plain } }
  - name: backend
    version: v1
    match: { pathPrefix: /backend }
    backends:
      production: { limits: [{ requests: 45, per: year }] }
      sandbox: { limits: [{ requests: 15, per: year }] }
applications:
  - name: open
    subscriptions: { api/v1: Unlimited, resource/v1: Unlimited, backend/v1: Unlimited }
    credentials: [${credential("open")}, ${credential("open-sandbox", ", environment: sandbox")}]
  - name: second
    subscriptions: { backend/v1: Unlimited }
    credentials: [${credential("second")}]
  - name: subscriber
    subscriptions: { plain/v1: Forty }
    credentials: [${credential("subscriber")}]
  - name: bursting
    subscriptions: { plain/v1: Bursty }
    credentials: [${credential("bursting")}]
  - name: personal
    tier: Forty
    subscriptions: { plain/v1: Unlimited, backend/v1: Unlimited }
    credentials: [${credential("personal-ann", ", user: ann")}, ${credential("personal-bob", ", user: bob")}]
  - name: ruled
    subscriptions: { plain/v1: Unlimited }
    credentials: [${credential("ruled")}]
identity: [{ apiKey: { header: x-api-key } }]
custom: [{ name: per-application, key: "{application}:{api}", limits: [{ requests: 70, per: year }] }]
`;

const allowed = (responses: readonly ClientResponse[]) =>
  responses.filter(({ status }) => status === 200).length;

describe("through Envoy, with 50 connections at once", () => {
  let stack: TestStack;
  let admitted = 0;
  before(async () => {
    stack = await startTestStack(policy);
  });
  after(() => stack.stop());

  const rows = [
    { level: "api", path: "/api/x", key: "open", limit: 60, status: 429, code: 900800 },
    { level: "resource", path: "/resource/items/1", key: "open", limit: 25, status: 429, code: 900802 },
    { level: "subscription", path: "/plain/x", key: "subscriber", limit: 40, status: 429, code: 900804 },
    { level: "subscription burst", path: "/plain/x", key: "bursting", limit: 30, status: 429, code: 900807 },
    { level: "application", path: "/plain/x", key: "personal-ann", limit: 40, status: 429, code: 900803 },
    { level: "custom rule", path: "/plain/x", key: "ruled", limit: 70, status: 429, code: 900806 },
    {
      level: "sandbox backend",
      path: "/backend/x",
      key: "open-sandbox",
      limit: 15,
      status: 503,
      code: 900801,
    },
    { level: "production backend", path: "/backend/x", key: "open", limit: 45, status: 503, code: 900801 },
  ];
  for (const { level, path, key, limit, status, code } of rows) {
    test(`the ${level} limit of ${limit} lets exactly ${limit} of ${limit + 60} pass`, async () => {
      const responses = await stack.gateway.many(limit + 60, { method: "GET", path, key });
      assert.equal(allowed(responses), limit);
      admitted += limit;
      for (const denied of responses.filter((response) => response.status !== 200)) {
        assert.equal(denied.status, status);
        assert.equal(JSON.parse(denied.body).fault.code, code);
      }
    });
  }

  test("the backend maximum holds over all applications and users", async () => {
    const responses = [
      ...(await stack.gateway.many(5, { method: "GET", path: "/backend/x", key: "second" })),
      ...(await stack.gateway.many(5, { method: "GET", path: "/backend/x", key: "personal-bob" })),
    ];
    assert.equal(allowed(responses), 0);
  });

  test("what was denied there is charged to no other limit of the caller", async () => {
    // bob's 40 were asked for five times above, and denied by the backend each time.
    const responses = await stack.gateway.many(60, { method: "GET", path: "/plain/x", key: "personal-bob" });
    const rule = 70 - 40; // ann and bob share the custom rule's counter of their application
    assert.equal(allowed(responses), rule);
    admitted += rule;
  });

  test("another spelling of a path is counted to the same limit", async () => {
    for (const path of [
      "/resource/%69tems/2",
      "/resource//items/3",
      "/resource/x/../items/4",
      "/resource/items/5/",
    ]) {
      const { status } = await stack.gateway.one({ method: "GET", path, key: "open" });
      assert.equal(status, 429, path);
    }
  });

  test("each request reached the backend of its environment and no denied one reached any", () => {
    assert.equal(stack.sandbox.requests, 15);
    assert.equal(stack.production.requests, admitted - 15);
  });

  test("the gateway's limit counts what was allowed and nothing that was denied", async () => {
    const responses = await stack.gateway.many(1000, { method: "GET", path: "/unlisted", key: null });
    assert.equal(allowed(responses), 1000 - admitted);
    const denied = responses.find(({ status }) => status !== 200);
    assert.equal(denied?.status, 429);
    assert.equal(JSON.parse(denied?.body ?? "{}").fault.code, 900800);
  });
});
