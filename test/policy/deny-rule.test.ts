import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DenyRule, findDenyRule } from "../../src/policy/deny-rule.js";
import { parseIpRange } from "../../src/policy/ip-range.js";
import { anonymousOf, subjectOf } from "./subjects.js";

const any: DenyRule = {
  ip: null,
  invert: false,
  api: null,
  application: null,
  user: null,
  environment: null,
};

function blocks(range: string, clientIp: string): boolean {
  const ip = parseIpRange(range);
  assert.ok(ip, range);
  return findDenyRule([{ ...any, ip }], subjectOf({ clientIp })) !== null;
}

describe("a block of addresses", () => {
  const cases: [string, string, boolean][] = [
    ["203.0.113.0/24", "203.0.113.0", true],
    ["203.0.113.0/24", "203.0.113.255", true],
    ["203.0.113.0/24", "203.0.112.255", false],
    ["203.0.113.0/24", "203.0.114.0", false],
    ["203.0.113.77/24", "203.0.113.1", true],
    ["203.0.113.64/26", "203.0.113.63", false],
    ["203.0.113.64/26", "203.0.113.64", true],
    ["203.0.113.64/26", "203.0.113.127", true],
    ["203.0.113.64/26", "203.0.113.128", false],
    ["203.0.113.7", "203.0.113.7", true],
    ["203.0.113.7", "203.0.113.8", false],
    ["203.0.113.7/32", "203.0.113.6", false],
    ["0.0.0.0/0", "198.51.100.1", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["2001:db8::/32", "2001:db8::", true],
    ["2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true],
    ["2001:db8::/32", "2001:db9::", false],
    ["2001:DB8::1", "2001:db8:0:0:0:0:0:1", true],
    ["::1", "::1", true],
    ["::/0", "203.0.113.7", false],
    ["203.0.113.0/24", "::ffff:203.0.113.9", true],
    ["::ffff:203.0.113.0/120", "203.0.113.9", true],
    ["::ffff:203.0.113.0/120", "::ffff:203.0.114.9", false],
    ["::ffff:203.0.113.7", "203.0.113.7", true],
    ["203.0.113.0/24", "", false],
    ["0.0.0.0/0", "unix", false],
  ];
  for (const [range, address, blocked] of cases) {
    test(`${range} ${blocked ? "holds" : "does not hold"} ${address || "no address"}`, () => {
      assert.equal(blocks(range, address), blocked);
    });
  }

  const rejects = ["", "example.com", "203.0.113", "203.0.113.256", "203.0.113.0/33", "203.0.113.0/", "/24"];
  rejects.push("203.0.113.0/-1", "203.0.113.0/24/1", "2001:db8::/129", "2001:db8:::", "10/8", "010.0.0.0/8");
  rejects.push("0x7f.1", "2130706433", "::ffff:203.0.113.0/24", " 203.0.113.7", "203.0.113.0 /24");
  for (const text of rejects) {
    test(`cannot be "${text}"`, () => assert.equal(parseIpRange(text), null));
  }
});

describe("a deny rule", () => {
  const subject = subjectOf({ api: "orders/v1", application: "mobile", user: "ann" });

  test("refuses by the API, the application or the user alone", () => {
    for (const rule of [{ api: "orders/v1" }, { application: "mobile" }, { user: "ann" }]) {
      assert.deepEqual(findDenyRule([{ ...any, ...rule }], subject), { ...any, ...rule });
    }
    for (const rule of [{ api: "orders/v2" }, { application: "Mobile" }, { user: "bob" }]) {
      assert.equal(findDenyRule([{ ...any, ...rule }], subject), null);
    }
  });

  test("refuses only what meets all of its conditions", () => {
    const rule = {
      ...any,
      ip: parseIpRange("203.0.113.0/24"),
      api: "orders/v1",
      application: "mobile",
      user: "ann",
    };
    assert.equal(findDenyRule([rule], subject), rule);
    assert.equal(findDenyRule([{ ...rule, api: "chat/v1" }], subject), null);
    assert.equal(findDenyRule([{ ...rule, application: "web" }], subject), null);
    assert.equal(findDenyRule([{ ...rule, user: "bob" }], subject), null);
    assert.equal(findDenyRule([{ ...rule, ip: parseIpRange("198.51.100.0/24") }], subject), null);
  });

  test("on a caller spares who has no credentials, and one on an API what no API matches", () => {
    assert.equal(findDenyRule([{ ...any, application: "anonymous" }], anonymousOf()), null);
    assert.equal(findDenyRule([{ ...any, user: "anonymous" }], anonymousOf()), null);
    assert.equal(findDenyRule([{ ...any, api: "orders/v1" }], subjectOf({ api: null })), null);
  });

  test("that is met first is the one named", () => {
    const rules = [
      { ...any, user: "bob" },
      { ...any, api: "orders/v1" },
      { ...any, user: "ann" },
    ];
    assert.equal(findDenyRule(rules, subject), rules[1]);
    assert.equal(findDenyRule([], subject), null);
  });
});
