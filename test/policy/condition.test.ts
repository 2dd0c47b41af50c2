import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Condition, meets } from "../../src/policy/condition.js";
import { parseIpRange } from "../../src/policy/ip-range.js";
import { requestOf } from "../support/requests.js";
import { subjectOf } from "./subjects.js";

const subject = subjectOf({
  clientIp: "203.0.113.7",
  claims: { plan: "premium-eu", groups: ["staff", "beta"], level: 3, admin: true, nothing: null },
  request: requestOf({ path: "/orders?region=eu&empty=&name=a%20b", headers: { "x-plan": "gold, silver" } }),
});

type Place = "header" | "query" | "claim";
const matching = (kind: Place, name: string, pattern: string, invert = false): Condition => ({
  kind,
  name,
  pattern: new RegExp(pattern),
  invert,
});

describe("a condition", () => {
  const cases: [Place, string, string, boolean][] = [
    ["header", "x-plan", "old", true],
    ["header", "x-plan", "^silver", false],
    ["header", "x-other", "", false],
    ["query", "region", "^eu$", true],
    ["query", "name", "^a b$", true],
    ["query", "empty", "^$", true],
    ["query", "absent", "^$", false],
    ["claim", "plan", "premium", true],
    ["claim", "groups", "(^|,)beta(,|$)", true],
    ["claim", "level", "^3$", true],
    ["claim", "admin", "true", true],
    ["claim", "nothing", "", false],
    ["claim", "toString", "", false],
  ];
  for (const [kind, name, pattern, met] of cases) {
    test(`on the ${kind} ${name} with /${pattern}/ is ${met ? "" : "not "}met, and the other way round inverted`, () => {
      assert.equal(meets(matching(kind, name, pattern), subject), met);
      assert.equal(meets(matching(kind, name, pattern, true), subject), !met);
    });
  }

  test("on an address is met at both ends of its range", () => {
    const range = parseIpRange("203.0.113.5-203.0.113.7");
    assert.ok(range);
    const met = (clientIp: string) => meets({ kind: "ip", range, invert: false }, subjectOf({ clientIp }));
    assert.deepEqual(["203.0.113.4", "203.0.113.5", "203.0.113.7", "203.0.113.8"].map(met), [
      false,
      true,
      true,
      false,
    ]);
  });
});
