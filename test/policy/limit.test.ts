import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hasRoom, isTokenLimit, isUsageLimit, remaining } from "../../src/policy/limit.js";
import { chargeOf, limitOf } from "../support/limits.js";

describe("a counter has room", () => {
  const five = limitOf({ max: 5 });
  const tokens = limitOf({ max: 5, unit: "totalTokens" });

  test("for a request as long as the whole request fits", () => {
    assert.equal(hasRoom(chargeOf(five), 4), true);
    assert.equal(hasRoom(chargeOf(five), 5), false);
    assert.equal(hasRoom(chargeOf(five, 3), 2), true);
    assert.equal(hasRoom(chargeOf(five, 3), 3), false);
  });

  test("for tokens that are not known yet as long as one is left, and never in debt", () => {
    assert.equal(hasRoom(chargeOf(tokens, 0), 0), true);
    assert.equal(hasRoom(chargeOf(tokens, 0), 4), true);
    assert.equal(hasRoom(chargeOf(tokens, 0), 5), false);
    assert.equal(hasRoom(chargeOf(tokens, 0), 500), false);
  });

  test("for exactly the first request of a limit of one", () => {
    const one = limitOf({ max: 1 });
    assert.equal(hasRoom(chargeOf(one), 0), true);
    assert.equal(hasRoom(chargeOf(one), 1), false);
  });
});

describe("a limit", () => {
  test("has left what the request leaves of it, and nothing when it is in debt", () => {
    const limit = limitOf({ max: 5 });
    assert.equal(remaining({ charge: chargeOf(limit), used: 0, resetAt: 0, slot: 0 }), 4);
    assert.equal(remaining({ charge: chargeOf(limit), used: 4, resetAt: 0, slot: 0 }), 0);
    assert.equal(remaining({ charge: chargeOf(limit, 0), used: 4, resetAt: 0, slot: 0 }), 1);
    assert.equal(remaining({ charge: chargeOf(limit, 0), used: 900, resetAt: 0, slot: 0 }), 0);
  });

  test("counts tokens if its unit is one of tokens", () => {
    assert.equal(isTokenLimit(limitOf({ unit: "requests" })), false);
    assert.equal(isTokenLimit(limitOf({ unit: "promptTokens" })), true);
    assert.equal(isTokenLimit(limitOf({ unit: "completionTokens" })), true);
  });

  test("counts what a response tells if it counts tokens or money", () => {
    assert.equal(isTokenLimit(limitOf({ unit: "spend" })), false);
    assert.equal(isUsageLimit(limitOf({ unit: "spend" })), true);
    assert.equal(isUsageLimit(limitOf({ unit: "totalTokens" })), true);
    for (const unit of ["requests", "bytes"] as const) assert.equal(isUsageLimit(limitOf({ unit })), false);
  });
});
