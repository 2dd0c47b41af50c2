import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import type { CheckResponse } from "../../src/envoy/wire/authz.js";
import { hashApiKey } from "../../src/identity/api-key.js";
import { credential } from "../support/credential.js";
import { checkOf, startTestWeir, type TestWeir } from "../support/weir.js";

/** One API a level, so that each is seen alone. Years keep windows from ending under the tests. */
const policy = `
version: 1
unmatched: deny
gateway: { limits: [{ requests: 100000, per: year }] }
tiers:
  Two: { limits: [{ requests: 2, per: year }] }
  Bursty: { burst: { requests: 2, per: year } }
apis:
  - { name: api, version: v1, match: { pathPrefix: /api }, tier: Two }
  - name: resource
    version: v1
    match: { pathPrefix: /resource }
    resources: [{ match: "GET /items/{id}", tier: Two }]
  - { name: subscribed, version: v1, match: { pathPrefix: /subscribed } }
  - { name: bursty, version: v1, match: { pathPrefix: /bursty } }
  - { name: open, version: v1, match: { pathPrefix: /open } }
  - name: backend
    version: v1
    match: { pathPrefix: /backend }
    backends: { production: { limits: [{ requests: 2, per: year }] } }
applications:
  - name: mobile
    subscriptions: { api/v1: Unlimited, resource/v1: Unlimited, subscribed/v1: Two, bursty/v1: Bursty, backend/v1: Unlimited }
    credentials: [${credential("mobile")}, ${credential("mobile-sandbox", ", environment: sandbox")}]
  - name: tight
    tier: Two
    subscriptions: { open/v1: Unlimited }
    credentials: [${credential("tight-ann", ", user: ann")}, ${credential("tight-bob", ", user: bob")}]
  - name: bursting
    tier: Bursty
    subscriptions: { open/v1: Unlimited }
    credentials: [${credential("bursting")}]
  - name: noisy
    subscriptions: { open/v1: Unlimited }
    credentials: [${credential("noisy")}]
  - name: calm
    subscriptions: { open/v1: Unlimited }
    credentials: [${credential("calm-sandbox", ", environment: sandbox")}, { clientId: calm-client }]
  - name: blocked
    subscriptions: { open/v1: Unlimited }
    credentials: [${credential("blocked")}]
identity:
  - apiKey: { header: X-Api-Key }
  - jwt: { metadata: [envoy.filters.http.jwt_authn, payload] }
deny: [{ application: blocked }]
custom: [{ name: noisy, key: "{application}:{api}", limits: [{ requests: 3, per: year }] }]
`;

const NEXT_YEAR = new Date(Date.UTC(new Date().getUTCFullYear() + 1, 0, 1));
const NEXT_ACCESS = `${NEXT_YEAR.getUTCFullYear()}-Jan-01 00:00:00+0000 UTC`;
const throttledBody = (code: number, description = "You have exceeded your quota") =>
  `{"fault":{"code":${code},"message":"Message throttled out",` +
  `"description":"${description} .You can access API after ${NEXT_ACCESS}","nextAccessTime":"${NEXT_ACCESS}"}}`;

describe("Check, over gRPC", () => {
  let weir: TestWeir;
  before(async () => {
    weir = await startTestWeir(policy);
  });
  after(() => weir.stop());

  const throttled = [
    { level: "api", path: "/api", key: "mobile", allowed: 2, code: 900800 },
    { level: "resource", path: "/resource/items/7?x=1", key: "mobile", allowed: 2, code: 900802 },
    { level: "subscription", path: "/subscribed", key: "mobile", allowed: 2, code: 900804 },
    { level: "subscriptionBurst", path: "/bursty", key: "mobile", allowed: 2, code: 900807 },
    { level: "application", path: "/open", key: "tight-ann", allowed: 2, code: 900803 },
    {
      level: "applicationBurst",
      path: "/open",
      key: "bursting",
      allowed: 2,
      code: 900803,
      description: "You have exceeded your application burst limit quota",
    },
    { level: "custom", path: "/open", key: "noisy", allowed: 3, code: 900806 },
  ];
  for (const { level, path, key, allowed, code, description } of throttled) {
    test(`the ${level} limit lets ${allowed} pass and answers the next with 429 and ${code}`, async () => {
      for (let i = 0; i < allowed; i++) {
        const reply = await weir.check(checkOf(path, { key }));
        assert.equal(reply.status?.code, status.OK, `request ${i + 1}`);
      }
      const denied = await weir.check(checkOf(path, { key }));
      assert.equal(denied.status?.code, status.RESOURCE_EXHAUSTED);
      assert.equal(denied.deniedResponse?.status?.code, 429);
      assert.equal(denied.deniedResponse?.body, throttledBody(code, description));
      assert.equal(header(denied, "content-type"), "application/json");
      assert.equal(header(denied, "retry-after"), NEXT_YEAR.toUTCString());
      assert.equal(header(denied, "x-ratelimit-remaining"), "0");
      assert.equal(member(denied, "decision"), "deny");
      assert.equal(member(denied, "level"), level);
    });
  }

  test("a backend maximum answers with 503 and 900801, and does not tell when to come back", async () => {
    for (let i = 0; i < 2; i++) await weir.check(checkOf("/backend", { key: "mobile" }));
    const denied = await weir.check(checkOf("/backend", { key: "mobile" }));
    assert.equal(denied.deniedResponse?.status?.code, 503);
    assert.equal(
      denied.deniedResponse?.body,
      '{"fault":{"code":900801,"message":"API Limit Reached","description":"API not accepting requests"}}',
    );
    assert.equal(header(denied, "retry-after"), undefined);
  });

  test("another user of the application has a count of their own", async () => {
    assert.equal((await weir.check(checkOf("/open", { key: "tight-bob" }))).status?.code, status.OK);
  });

  const refused = [
    {
      what: "an unknown API key",
      path: "/open",
      key: "guessed",
      http: 401,
      code: 900901,
      grpc: status.UNAUTHENTICATED,
    },
    {
      what: "no subscription",
      path: "/open",
      key: "mobile",
      http: 403,
      code: 900908,
      grpc: status.PERMISSION_DENIED,
    },
    {
      what: "a deny policy",
      path: "/open",
      key: "blocked",
      http: 403,
      code: 900805,
      grpc: status.PERMISSION_DENIED,
    },
    { what: "no API", path: "/nowhere", key: "", http: 404, code: 900906, grpc: status.NOT_FOUND },
    {
      what: "an environment that the API has no backend for",
      path: "/backend",
      key: "mobile-sandbox",
      http: 401,
      code: 900901,
      grpc: status.UNAUTHENTICATED,
    },
  ];
  for (const { what, path, key, http, code, grpc } of refused) {
    test(`${what} is answered with ${http} and ${code}`, async () => {
      const denied = await weir.check(checkOf(path, { key }));
      assert.equal(denied.status?.code, grpc);
      assert.equal(denied.deniedResponse?.status?.code, http);
      assert.equal(JSON.parse(denied.deniedResponse?.body ?? "{}").fault.code, code);
      assert.equal(header(denied, "x-ratelimit-limit"), undefined);
    });
  }

  test("an allowed request learns its environment and the limit with the least left", async () => {
    const reply = await weir.check(checkOf("/open", { key: "calm-sandbox" }));
    assert.equal(okHeader(reply, "x-weir-environment"), "sandbox");
    assert.equal(clientHeader(reply, "x-ratelimit-limit"), "3");
    assert.equal(clientHeader(reply, "x-ratelimit-remaining"), "2");
    const reset = Number(clientHeader(reply, "x-ratelimit-reset"));
    assert.ok(Math.abs(reset - (NEXT_YEAR.getTime() - Date.now()) / 1000) < 5);
  });

  test("the claims of a verified token name the application, the user and the environment", async () => {
    const ask = (azp: string) => {
      const payload = { azp, sub: "ann", keytype: "SANDBOX" };
      return weir.check(checkOf("/open", { metadata: { "envoy.filters.http.jwt_authn": { payload } } }));
    };
    const allowed = await ask("calm-client");
    assert.equal(okHeader(allowed, "x-weir-environment"), "sandbox");
    assert.equal(member(allowed, "application"), "calm");
    const stranger = await ask("nobody");
    assert.equal(JSON.parse(stranger.deniedResponse?.body ?? "{}").fault.code, 900908);
  });

  test("neither keys nor their hashes are logged, denials are, with level and limit", async () => {
    await weir.check(checkOf("/open", { key: "guessed-secret" }));
    const log = weir.log();
    assert.match(
      log,
      /"deniedBy":"custom","limit":"custom:noisy:requests:year"|"deniedBy":"application","limit"/,
    );
    for (const secret of [
      "guessed-secret",
      "tight-ann",
      hashApiKey("tight-ann"),
      hashApiKey("guessed-secret"),
    ]) {
      assert.ok(!log.includes(secret), `the log contains ${secret}`);
    }
  });

  test("the metrics count decisions by API, level and outcome", async () => {
    assert.match(
      await weir.metrics(),
      /weir_decisions_total\{api="backend\/v1",level="backend",decision="deny"\} 1/,
    );
  });
});

const text = (
  from: readonly { header: { key: string; value: string } | undefined }[] | undefined,
  name: string,
) => from?.find((option) => option.header?.key === name)?.header?.value;
const header = (reply: CheckResponse, name: string) => text(reply.deniedResponse?.headers, name);
const okHeader = (reply: CheckResponse, name: string) => text(reply.okResponse?.headers, name);
const clientHeader = (reply: CheckResponse, name: string) =>
  text(reply.okResponse?.responseHeadersToAdd, name);

function member(reply: CheckResponse, name: string): unknown {
  return (reply.dynamicMetadata?.["weir"] as Record<string, unknown> | undefined)?.[name];
}
