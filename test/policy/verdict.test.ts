import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { hasRoom, levels, remaining, type Standing } from "../../src/policy/limit.js";
import { judge } from "../../src/policy/verdict.js";
import { chargeOf, limitOf } from "../support/limits.js";

interface Parts extends NonNullable<Parameters<typeof limitOf>[0]> {
  readonly used?: number;
  readonly resetAt?: number;
}

function standing({ used = 0, resetAt = 60_000, ...parts }: Parts): Standing {
  return { charge: chargeOf(limitOf(parts)), used, resetAt, slot: resetAt };
}

describe("of the limits that deny", () => {
  const full = { max: 5, used: 5 };

  test("the one with the longest wait is named", () => {
    const short = standing({ ...full, level: "gateway", resetAt: 1000 });
    const long = standing({ ...full, level: "backend", resetAt: 5000 });
    assert.deepEqual(judge([short, long]), { kind: "deny", binding: long });
    assert.deepEqual(judge([long, short]), { kind: "deny", binding: long });
  });

  test("the one of the earlier level is named when the waits are equal", () => {
    const all = levels.map((level) => standing({ ...full, level, scope: "x" }));
    for (const [i, first] of all.entries()) {
      assert.equal(judge(all.slice(i).reverse()).binding, first, levels[i]);
    }
  });

  test("the one with the lesser id is named when level and wait are equal", () => {
    const a = standing({ ...full, scope: "a" });
    const b = standing({ ...full, scope: "b" });
    assert.equal(judge([b, a]).binding, a);
    assert.equal(judge([a, b]).binding, a);
  });

  test("one is enough, whatever room the others have", () => {
    const denying = standing({ ...full, scope: "a", resetAt: 1 });
    assert.deepEqual(judge([standing({ max: 9, resetAt: 9 }), denying, standing({ max: 8, resetAt: 9 })]), {
      kind: "deny",
      binding: denying,
    });
  });
});

describe("of the limits that allow", () => {
  test("the one with the least remaining is named, not the one with the least number", () => {
    const small = standing({ max: 5, used: 0, scope: "small" });
    const nearlyFull = standing({ max: 1000, used: 997, scope: "large" });
    assert.deepEqual(judge([small, nearlyFull]), { kind: "allow", binding: nearlyFull, wouldDeny: null });
    assert.deepEqual(judge([nearlyFull, small]), { kind: "allow", binding: nearlyFull, wouldDeny: null });
  });

  test("the one that is filled up later is named when as much remains of both", () => {
    const soon = standing({ level: "gateway", resetAt: 1000 });
    const late = standing({ level: "backend", resetAt: 2000 });
    assert.equal(judge([soon, late]).binding, late);
  });

  test("the one of the earlier level is named when all else is equal", () => {
    const later = standing({ level: "application", scope: "a" });
    const earlier = standing({ level: "resource", scope: "z" });
    assert.equal(judge([later, earlier]).binding, earlier);
  });

  test("none is named when there is none", () => {
    assert.deepEqual(judge([]), { kind: "allow", binding: null, wouldDeny: null });
  });
});

describe("limits that only watch", () => {
  const watching = (parts: object) => {
    const { charge, ...rest } = standing(parts);
    return { ...rest, charge: { ...charge, limit: { ...charge.limit, enforced: false } } };
  };
  const full = { max: 1, used: 1, resetAt: 2000 };

  test("deny nothing, and the one with the longest wait is reported", () => {
    const longer = watching({ ...full, resetAt: 9000, scope: "longer" });
    const open = standing({ max: 5, used: 1, scope: "open" });
    const verdict = judge([watching(full), longer, open]);
    assert.deepEqual(verdict, { kind: "allow", binding: open, wouldDeny: longer });
  });

  test("hide no limit that denies, and none that is told to the client", () => {
    const enforced = standing({ ...full, scope: "enforced" });
    const verdict = judge([watching({ ...full, resetAt: 9000 }), enforced]);
    assert.deepEqual(verdict, { kind: "deny", binding: enforced });
    assert.equal(judge([watching({ max: 2, used: 0 })]).binding, null);
  });
});

describe("a verdict", () => {
  const anyStanding = fc
    .record({
      level: fc.constantFrom(...levels),
      scope: fc.constantFrom("a", "b", "c"),
      max: fc.integer({ min: 1, max: 4 }),
      used: fc.nat({ max: 6 }),
      resetAt: fc.constantFrom(1000, 2000, 3000),
    })
    .map((parts) => standing(parts));
  const anyStandings = fc.uniqueArray(anyStanding, {
    selector: ({ charge }) => charge.limit.id,
    maxLength: 8,
  });

  test("does not depend on the order of the limits", () => {
    const shuffled = anyStandings.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([one, other]) => assert.deepEqual(judge(one), judge(other))),
      { numRuns: 1000 },
    );
  });

  test("denies exactly when a limit has no room, and names the worst of its kind", () => {
    fc.assert(
      fc.property(anyStandings, (all) => {
        const verdict = judge(all);
        const denying = all.filter(({ charge, used }) => !hasRoom(charge, used));
        assert.equal(verdict.kind, denying.length > 0 ? "deny" : "allow");
        if (verdict.kind === "deny") {
          assert.equal(verdict.binding.resetAt, Math.max(...denying.map(({ resetAt }) => resetAt)));
        } else if (verdict.binding) {
          assert.equal(remaining(verdict.binding), Math.min(...all.map(remaining)));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
