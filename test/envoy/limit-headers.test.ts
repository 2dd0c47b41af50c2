import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { limitHeaders } from "../../src/envoy/limit-headers.js";
import type { Limit, Standing } from "../../src/policy/limit.js";
import type { HeaderFamilies } from "../../src/policy/policy.js";
import { chargeOf, limitOf } from "../support/limits.js";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 30);
const standing = (limit: Limit, used: number, amount = 1): Standing => ({
  charge: chargeOf(limit, amount),
  used,
  resetAt: NOW + 29_500,
  slot: NOW + 29_500,
});

const requests = standing(limitOf({ max: 100, per: "minute" }), 39);
const tokens = standing(
  limitOf({ level: "subscription", unit: "totalTokens", max: 5000, per: "sliding hour" }),
  4000,
  0,
);
const prompt = standing(limitOf({ level: "backend", unit: "promptTokens", max: 900, per: "day" }), 1000, 0);
const custom = standing(
  limitOf({ level: "custom", scope: 'per "user"', unit: "bytes", max: 1024, per: "month" }),
  24,
  0,
);
const watching = standing(limitOf({ max: 1, scope: "watching", enforced: false }), 7);
const all = [requests, tokens, prompt, custom, watching];

const none: HeaderFamilies = { xRateLimit: false, rateLimit: false, aiTokens: false };
const headers = (families: Partial<HeaderFamilies>, isAi = true) =>
  Object.fromEntries(limitHeaders({ ...none, ...families }, requests, all, isAi, NOW));

describe("the headers that tell a client where it stands", () => {
  test("are none when every family is off", () => {
    assert.deepEqual(headers({}), {});
  });

  test("of the family X-RateLimit describe the binding limit, its reset in seconds from now", () => {
    assert.deepEqual(headers({ xRateLimit: true }), {
      "x-ratelimit-limit": "100",
      "x-ratelimit-remaining": "60",
      "x-ratelimit-reset": "30",
    });
    assert.deepEqual(limitHeaders({ ...none, xRateLimit: true }, null, [], false, NOW), []);
  });

  test("of the IETF's family list all limits that are enforced, with quota, window and unit", () => {
    assert.deepEqual(headers({ rateLimit: true }), {
      "ratelimit-policy":
        '"api-requests-minute";q=100;w=60, ' +
        '"subscription-totalTokens-sliding-hour";q=5000;w=3600;qu="total-tokens", ' +
        '"backend-promptTokens-day";q=900;w=86400;qu="prompt-tokens", ' +
        '"custom-per-\\"user\\"-bytes-month";q=1024;w=2629746;qu="content-bytes"',
      ratelimit:
        '"api-requests-minute";r=60;t=30, "subscription-totalTokens-sliding-hour";r=1000;t=30, ' +
        '"backend-promptTokens-day";r=0;t=30, "custom-per-\\"user\\"-bytes-month";r=1000;t=30',
    });
  });

  test("name every limit once, in ASCII alone", () => {
    const twins = ["日本", "中国"].map((scope) => standing(limitOf({ level: "custom", scope }), 0));
    const again = standing(limitOf({ scope: "other" }), 0);
    const [policy] = limitHeaders(
      { ...none, rateLimit: true },
      null,
      [...twins, requests, again],
      false,
      NOW,
    );
    const names = [...(policy?.[1] ?? "").matchAll(/"([^"]*)"/g)].map(([, name]) => name);
    assert.deepEqual(names, [
      "custom-%E6%97%A5%E6%9C%AC-requests-minute",
      "custom-%E4%B8%AD%E5%9B%BD-requests-minute",
      "api-requests-minute",
      "api-requests-minute-2",
    ]);
  });

  test("of OpenAI's family tell requests and tokens apart, of each the limit with the least left", () => {
    assert.deepEqual(headers({ aiTokens: true }), {
      "x-ratelimit-limit-requests": "100",
      "x-ratelimit-remaining-requests": "60",
      "x-ratelimit-reset-requests": "30s",
      "x-ratelimit-limit-tokens": "900",
      "x-ratelimit-remaining-tokens": "0",
      "x-ratelimit-reset-tokens": "30s",
    });
    assert.deepEqual(headers({ aiTokens: true }, false), {});
  });
});
