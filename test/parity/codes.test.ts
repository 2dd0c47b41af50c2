import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { credential } from "../support/credential.js";
import { checkOf, startTestWeir, type TestWeir } from "../support/weir.js";
import { deniedHeader, nextYear } from "./policy.js";

/**
 * WSO2's table of throttling codes (`ThrottleHandler`, `APIThrottleConstants`), a row a test, in both of its JSON
 * shapes. Not in the table here: 900808 (events of asynchronous APIs) and 900820/900821 (GraphQL depth and
 * complexity), which weir does not limit.
 */
const rows = [
  { code: 900800, reason: "API_LIMIT_EXCEEDED", path: "/api", status: 429, next: true },
  { code: 900801, reason: "HARD_LIMIT_EXCEEDED, production", path: "/hard", status: 503, next: false },
  {
    code: 900801,
    reason: "HARD_LIMIT_EXCEEDED, sandbox",
    path: "/hard",
    key: "app-sandbox",
    status: 503,
    next: false,
  },
  { code: 900802, reason: "RESOURCE_LIMIT_EXCEEDED", path: "/resource/x", status: 429, next: true },
  {
    code: 900803,
    reason: "APPLICATION_LIMIT_EXCEEDED",
    path: "/open",
    key: "tight",
    status: 429,
    next: true,
  },
  { code: 900804, reason: "SUBSCRIPTION_LIMIT_EXCEEDED", path: "/subscribed", status: 429, next: true },
  {
    code: 900805,
    reason: "REQUEST_BLOCKED",
    path: "/open",
    key: "blocked",
    status: 403,
    next: false,
    first: true,
  },
  { code: 900806, reason: "CUSTOM_POLICY_LIMIT_EXCEED", path: "/ruled", status: 429, next: true },
  { code: 900807, reason: "SUBSCRIPTION_BURST_LIMIT_EXCEED", path: "/bursty", status: 429, next: true },
] as const;

const texts: Readonly<Record<number, readonly [message: string, description: string]>> = {
  900801: ["API Limit Reached", "API not accepting requests"],
  900805: ["Message blocked", "You have been blocked from accessing the resource"],
};
const throttled = ["Message throttled out", "You have exceeded your quota"] as const;

const policyWith = (format: string) => `
version: 1
tiers:
  One: { limits: [{ requests: 1, per: year }] }
  Burst: { limits: [{ requests: 100, per: year }], burst: { requests: 1, per: year } }
apis:
  - { name: api, version: v1, match: { pathPrefix: /api }, tier: One }
  - { name: resource, version: v1, match: { pathPrefix: /resource }, resources: [{ match: "GET /x", tier: One }] }
  - { name: subscribed, version: v1, match: { pathPrefix: /subscribed } }
  - { name: bursty, version: v1, match: { pathPrefix: /bursty } }
  - { name: open, version: v1, match: { pathPrefix: /open } }
  - { name: ruled, version: v1, match: { pathPrefix: /ruled } }
  - name: hard
    version: v1
    match: { pathPrefix: /hard }
    backends:
      production: { limits: [{ requests: 1, per: year }] }
      sandbox: { limits: [{ requests: 1, per: year }] }
applications:
  - name: app
    subscriptions:
      { api/v1: Unlimited, resource/v1: Unlimited, subscribed/v1: One, bursty/v1: Burst, ruled/v1: Unlimited, hard/v1: Unlimited }
    credentials: [${credential("app")}, ${credential("app-sandbox", ", environment: sandbox")}]
  - { name: tight, tier: One, subscriptions: { open/v1: Unlimited }, credentials: [${credential("tight")}] }
  - { name: blocked, subscriptions: { open/v1: Unlimited }, credentials: [${credential("blocked")}] }
identity: [{ apiKey: { header: x-api-key } }]
deny: [{ application: blocked }]
custom: [{ name: only-ruled, key: "{header.x-rule}", limits: [{ requests: 1, per: year }] }]
faults: { format: ${format} }
`;

const nextAccess = `${nextYear.getUTCFullYear()}-Jan-01 00:00:00+0000 UTC`;

for (const format of ["wso2-3", "wso2-4"] as const) {
  describe(`WSO2's fault, as ${format}, for`, () => {
    let weir: TestWeir;
    before(async () => {
      weir = await startTestWeir(policyWith(format));
    });
    after(() => weir.stop());

    for (const [index, { code, reason, path, status, next, ...row }] of rows.entries()) {
      const key = "key" in row ? row.key : "app";
      test(`${code} ${reason} is exact in status, body and headers`, async () => {
        // The custom rule counts by a header that is another one for every row but its own.
        const headers = { "x-rule": code === 900806 ? "rule" : `row ${index} ${Math.random()}` };
        const ask = (rule: Record<string, string>) => weir.check(checkOf(path, { key, headers: rule }));
        if (!("first" in row)) assert.equal((await ask(headers)).deniedResponse, undefined);
        const again = code === 900806 ? headers : { "x-rule": `row ${index} again` };
        const denied = await ask(again);
        const [message, description] = texts[code] ?? throttled;
        const told = next
          ? {
              message,
              description: `${description} .You can access API after ${nextAccess}`,
              nextAccessTime: nextAccess,
            }
          : { message, description };
        assert.equal(denied.deniedResponse?.status?.code, status);
        assert.equal(
          denied.deniedResponse?.body,
          JSON.stringify(
            format === "wso2-3" ? { fault: { code, ...told } } : { code: String(code), ...told },
          ),
        );
        assert.equal(deniedHeader(denied, "retry-after"), next ? nextYear.toUTCString() : undefined);
        assert.equal(deniedHeader(denied, "content-type"), "application/json");
      });
    }
  });
}
