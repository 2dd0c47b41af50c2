import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryStore } from "../../src/counters/memory.js";
import { decide } from "../../src/decision/decide.js";
import type { Decision } from "../../src/decision/decision.js";
import { type Charge, hasRoom, type Limit, levels, remaining } from "../../src/policy/limit.js";
import type { Policy } from "../../src/policy/policy.js";
import { selectCharges, settleCharges, usageCharges } from "../../src/policy/select.js";
import { spanAt } from "../../src/policy/window.js";
import { policyContent, policyOf, request, shuffled } from "./policies.js";

const START = Date.UTC(2026, 0, 1, 11, 59, 50);

/** A request comes, time passes, or a response that was let through tells what it used. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("request" as const), request }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("usage" as const),
      prompt: fc.integer({ min: 0, max: 4 }),
      completion: fc.integer({ min: 0, max: 4 }),
    }),
  },
);
const script = fc.array(step, { minLength: 20, maxLength: 120 });
type Script = readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[];

/** Counts by definition: everything that was ever charged, with its time. */
class Model {
  readonly #made: { charge: Charge; at: number }[] = [];

  used(limit: Limit, key: string, now: number): number {
    const { start, end } = spanAt(limit.window, now);
    return this.#made
      .filter(
        ({ charge, at }) => charge.limit.id === limit.id && charge.key === key && start <= at && at < end,
      )
      .reduce((sum, { charge }) => sum + charge.amount, 0);
  }

  make(charges: readonly Charge[], at: number): void {
    this.#made.push(...charges.map((charge) => ({ charge, at })));
  }
}

interface Observed {
  readonly decision: Decision;
  readonly charges: readonly Charge[];
  readonly now: number;
}

/** Plays a script against a policy; `observe` sees every decision before the model learns of it. */
async function play(
  policy: Policy,
  steps: Script,
  observe: (seen: Observed, model: Model) => void,
): Promise<void> {
  const store = new MemoryStore({ maxCounters: 100_000 });
  const model = new Model();
  const open: (readonly Charge[])[] = [];
  let now = START;
  for (const one of steps) {
    if (one.kind === "wait") now += one.ms;
    else if (one.kind === "usage") {
      const tokens = open.shift();
      if (!tokens) continue;
      const { prompt, completion } = one;
      const used = { promptTokens: prompt, completionTokens: completion, totalTokens: prompt + completion };
      const charges = settleCharges(tokens, used);
      await store.add(charges, now);
      model.make(charges, now);
    } else {
      const decision = await decide(policy, store, one.request, now);
      const charges = selectCharges(policy, decision.subject);
      observe({ decision, charges, now }, model);
      if (decision.kind === "allow") {
        model.make(charges, now);
        if (decision.subject.api?.ai) open.push(usageCharges(charges));
      }
    }
  }
}

const runs = { numRuns: 150 };

describe("whatever the policy and the traffic", () => {
  test("a request is charged to every matching limit, or to none when any of them denies", async () => {
    await fc.assert(
      fc.asyncProperty(policyContent, script, async (content, steps) => {
        await play(policyOf(content), steps, ({ decision, charges, now }, model) => {
          const fits = charges.every((charge) => hasRoom(charge, model.used(charge.limit, charge.key, now)));
          assert.equal(decision.kind, fits ? "allow" : "deny");
        });
      }),
      runs,
    );
  });

  test("no window of a limit on requests ever admits more than its number", async () => {
    await fc.assert(
      fc.asyncProperty(policyContent, script, async (content, steps) => {
        const admitted = new Map<string, number>();
        await play(policyOf(content), steps, ({ decision, charges, now }) => {
          if (decision.kind !== "allow") return;
          for (const { limit, key, amount } of charges) {
            if (limit.unit !== "requests") continue;
            const window = `${limit.id} ${key} ${spanAt(limit.window, now).start}`;
            const count = (admitted.get(window) ?? 0) + amount;
            admitted.set(window, count);
            assert.ok(count <= limit.max, `${window} admitted ${count} of ${limit.max}`);
          }
        });
      }),
      runs,
    );
  });

  test("the order of the limits in the file changes no decision and no limit that is named", async () => {
    const pair = policyContent.chain((content) =>
      fc.tuple(fc.constant(content), shuffled(content, fc.integer({ min: 0, max: 1_000_000 }))),
    );
    const told = async (content: unknown, steps: Script) => {
      const all: unknown[] = [];
      await play(policyOf(content), steps, ({ decision }) => all.push(summary(decision)));
      return all;
    };
    await fc.assert(
      fc.asyncProperty(pair, script, async ([content, other], steps) => {
        assert.deepEqual(await told(other, steps), await told(content, steps));
      }),
      runs,
    );
  });

  test("a denial names the limit with the longest wait, an allowance the one with the least remaining", async () => {
    await fc.assert(
      fc.asyncProperty(policyContent, script, async (content, steps) => {
        await play(policyOf(content), steps, ({ decision, charges, now }, model) => {
          const standings = charges.map((charge) => ({
            charge,
            used: model.used(charge.limit, charge.key, now),
            resetAt: spanAt(charge.limit.window, now).end,
            slot: spanAt(charge.limit.window, now).end,
          }));
          if (decision.kind === "allow") {
            const least = Math.min(...standings.map(remaining));
            assert.equal(decision.binding ? remaining(decision.binding) : Infinity, least);
            return;
          }
          assert.equal(decision.denial.kind, "limit");
          if (decision.denial.kind !== "limit") return;
          const denying = standings.filter(({ charge, used }) => !hasRoom(charge, used));
          const longest = Math.max(...denying.map(({ resetAt }) => resetAt));
          const first = Math.min(
            ...denying
              .filter(({ resetAt }) => resetAt === longest)
              .map(({ charge }) => levels.indexOf(charge.limit.level)),
          );
          assert.equal(decision.denial.binding.resetAt, longest);
          assert.equal(levels.indexOf(decision.denial.binding.charge.limit.level), first);
        });
      }),
      runs,
    );
  });
});

function summary(decision: Decision) {
  if (decision.kind === "allow") {
    return { kind: "allow", limit: decision.binding?.charge.limit.id, used: decision.binding?.used };
  }
  const { denial } = decision;
  return { kind: denial.kind, limit: denial.kind === "limit" ? denial.binding.charge.limit.id : null };
}
