import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryStore } from "../../src/counters/memory.js";
import type { CounterStore } from "../../src/counters/store.js";
import { type Admission, type Ask, admit, release } from "../../src/decision/admit.js";
import type { InferenceRequest } from "../../src/inference/request.js";
import type { AiTerms } from "../../src/policy/ai.js";
import { type Charge, type Limit, type Unit, usageUnits } from "../../src/policy/limit.js";
import { ModelBook, type ModelTerms, modelPattern, type TokenRates } from "../../src/policy/model.js";
import type { Policy } from "../../src/policy/policy.js";
import { policyOf } from "../property/policies.js";
import { limitOf } from "../support/limits.js";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 10);

const rates = (input: number, output = input): TokenRates => {
  return { input, cachedInput: input, cacheWriteInput: input, output, reasoning: output };
};
const plain = rates(1_000_000);
const priced: ModelTerms = { weights: plain, prices: rates(2_000_000, 5_000_000) };
const heavy: ModelTerms = { weights: rates(3_000_000), prices: rates(1_000_000) };
const models = new ModelBook([
  [modelPattern("priced-*"), priced],
  [modelPattern("heavy-*"), heavy],
]);
const policy: Policy = { ...policyOf({ version: 1 }), models };

const reserve: AiTerms = {
  source: { provider: "openai" },
  admission: "reserve",
  includeUsage: "off",
  readsRequest: true,
  onMissingUsage: "estimate",
  onDisconnect: "estimate",
  reservation: { completionTokens: 100, maxShare: 1 },
};

const asking = (model: string | null): InferenceRequest => ({
  ...{
    model,
    promptTokens: 10,
    maxOutputTokens: 20,
    choices: 1,
    isStream: false,
    isWhole: true,
    generates: true,
  },
});

/** A limit of each unit on all models, or on some. */
const limitOn = (unit: Unit, max: number, model: string | null = null, enforced = true): Limit =>
  limitOf({
    ...{ unit, max, enforced, model: model === null ? null : modelPattern(model) },
    id: `${unit} ${model ?? "any"}`,
  });

/** What a decision hands on for these limits: a request is one, what it will use is not known. */
const chargesOf = (limits: readonly Limit[]): Charge[] =>
  limits.map((limit) => ({ limit, key: "", amount: limit.unit === "requests" ? 1 : 0 }));

function gateOver(store: CounterStore = new MemoryStore({ maxCounters: 1000 })) {
  return {
    store,
    /** Admits one of a prompt of 10 tokens and an answer of 20 at the most. */
    ask: (limits: readonly Limit[], more: Partial<Ask> & { policy?: Policy; model?: string | null } = {}) => {
      const { policy: under = policy, model = "priced-1", ...rest } = more;
      const ask = { terms: reserve, request: asking(model), expected: { input: 10, output: 20 }, before: [] };
      return admit(under, store, { ...ask, charges: chargesOf(limits), ...rest }, NOW);
    },
    async used(limits: readonly Limit[]): Promise<number[]> {
      const outcome = await store.charge(
        chargesOf(limits).map((charge) => ({ ...charge, amount: 0 })),
        NOW,
      );
      assert.ok(outcome.kind === "counted");
      return outcome.standings.map(({ used }) => used);
    },
  };
}

function allowed(admission: Admission) {
  assert.ok(admission.kind === "allow", JSON.stringify(admission));
  return admission;
}
function denied(admission: Admission) {
  assert.ok(admission.kind === "deny", JSON.stringify(admission));
  return admission.denial;
}
const amounts = (admission: Admission) => allowed(admission).charged.map(({ amount }) => amount);

const units = ["requests", ...usageUnits] as const;
/** Of a request for `priced-1`: 10 at 2 and 20 at 5 make 120. */
const needs = { requests: 1, totalTokens: 30, promptTokens: 10, completionTokens: 20, spend: 120 };

describe("a request to a model", () => {
  test("is charged itself, and what it is expected to use of tokens and money", async () => {
    const { ask, used } = gateOver();
    const limits = units.map((unit) => limitOn(unit, 1000));
    const { charged, standings, binding, wouldDeny } = allowed(await ask(limits));
    assert.deepEqual(
      charged.map(({ limit, amount }) => [limit.unit, amount]),
      Object.entries(needs),
    );
    assert.deepEqual(
      charged.map(({ slot }) => slot),
      standings.map(({ slot }) => slot),
    );
    assert.deepEqual(await used(limits), Object.values(needs));
    assert.equal(binding?.charge.limit.unit, "spend");
    assert.equal(wouldDeny, null);
  });

  for (const unit of units) {
    test(`is charged nothing at all when there is no room for its ${unit}, and everything when there just is`, async () => {
      for (const short of [0, 1]) {
        const { ask, used } = gateOver();
        const limits = units.map((other) => {
          return limitOn(other, other === unit ? 2 * needs[unit] - short : 1000);
        });
        allowed(await ask(limits));
        const second = await ask(limits);
        assert.equal(second.kind, short ? "deny" : "allow");
        assert.deepEqual(
          await used(limits),
          Object.values(needs).map((need) => need * (short ? 1 : 2)),
        );
        if (second.kind === "allow") continue;
        assert.ok(second.denial.kind === "limit");
        assert.equal(second.denial.binding.charge.limit.unit, unit);
        assert.equal(second.denial.standings.length, units.length);
      }
    });
  }

  test("weighs as its model does, and costs what its model costs", async () => {
    const limits = usageUnits.map((unit) => limitOn(unit, 1000));
    assert.deepEqual(amounts(await gateOver().ask(limits, { model: "heavy-1" })), [90, 30, 60, 30]);
    assert.deepEqual(amounts(await gateOver().ask(limits, { model: "unheard-of" })), [30, 10, 20]);
  });

  test("takes no more than its share of a limit on usage, but one at the least, and its requests whole", async () => {
    const limits = units.map((unit) => limitOn(unit, 100));
    const share = (maxShare: number) => ({
      terms: { ...reserve, reservation: { completionTokens: 1, maxShare } },
    });
    assert.deepEqual(amounts(await gateOver().ask(limits, share(0.25))), [1, 25, 10, 20, 25]);
    assert.deepEqual(amounts(await gateOver().ask(limits, share(0.001))), [1, 1, 1, 1, 1]);
  });

  test("is admitted by a share of the limit as often as the share goes into it, and holds no more", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 100 }),
        async (max, percent) => {
          const { ask, used } = gateOver();
          const limits = [limitOn("totalTokens", max)];
          const terms = { ...reserve, reservation: { completionTokens: 1, maxShare: percent / 100 } };
          const most = Math.max(1, Math.floor(max * (percent / 100)));
          const fitting = Math.floor(max / Math.min(30, most));
          for (let i = 0; i < fitting; i++) allowed(await ask(limits, { terms }));
          denied(await ask(limits, { terms }));
          assert.ok(((await used(limits))[0] ?? 0) <= max);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("is charged for its passing alone where tokens are charged after, and needs room for one of them", async () => {
    const { ask, store, used } = gateOver();
    const limits = [limitOn("requests", 5), limitOn("totalTokens", 100)];
    const terms: AiTerms = { ...reserve, admission: "charge-after" };
    assert.deepEqual(amounts(await ask(limits, { terms })), [1]);
    await store.add([{ limit: limitOn("totalTokens", 100), key: "", amount: 100 }], NOW);
    assert.equal(denied(await ask(limits, { terms })).kind, "limit");
    assert.deepEqual(await used(limits), [1, 100]);
  });

  test("without a body takes nothing but its passing, and is no request for an unknown model", async () => {
    const { ask } = gateOver();
    const limits = [limitOn("requests", 5), limitOn("totalTokens", 100)];
    const strict: Policy = { ...policy, unknownModel: "deny" };
    const nothing = { request: null, expected: { input: 0, output: 0 } };
    assert.deepEqual(amounts(await ask(limits, { ...nothing, policy: strict })), [1]);
  });

  test("that no limit matches is let go, and the store is not asked", async () => {
    const store = { charge: () => assert.fail("asked") } as unknown as CounterStore;
    const { charged, standings, binding } = allowed(await gateOver(store).ask([]));
    assert.deepEqual([charged, standings, binding], [[], [], null]);
  });
});

describe("limits on models", () => {
  const limits = [
    limitOn("requests", 2, "priced-*"),
    limitOn("totalTokens", 60, "priced-*"),
    limitOn("requests", 9, "heavy-*"),
    limitOn("totalTokens", 900, "*"),
  ];

  test("count and hold the requests for these models alone, `*` all that name one or none", async () => {
    const { ask, used } = gateOver();
    assert.deepEqual(amounts(await ask(limits, { model: "PRICED-2" })), [1, 30, 30]);
    assert.deepEqual(amounts(await ask(limits, { model: "heavy-2" })), [1, 90]);
    assert.deepEqual(amounts(await ask(limits, { model: null })), [30]);
    assert.deepEqual(await used(limits), [1, 30, 1, 150]);
  });

  test("deny these models alone", async () => {
    const { ask } = gateOver();
    for (let i = 0; i < 2; i++) allowed(await ask(limits));
    assert.equal(denied(await ask(limits)).kind, "limit");
    allowed(await ask(limits, { model: "heavy-1" }));
  });
});

describe("a model that the policy does not list", () => {
  const limits = [limitOn("requests", 5), limitOn("totalTokens", 100)];

  test("is denied where the policy says so, and so is a request that names none; neither is charged", async () => {
    const { ask, used } = gateOver();
    const strict: Policy = { ...policy, unknownModel: "deny" };
    for (const model of ["unheard-of", null]) {
      assert.deepEqual(denied(await ask(limits, { policy: strict, model })), { kind: "modelUnknown" });
    }
    allowed(await ask(limits, { policy: strict }));
    assert.deepEqual(await used(limits), [1, 30]);
  });

  test("is only reported in shadow mode, charged, and named before a limit that would have denied", async () => {
    const { ask, used } = gateOver();
    const shadow: Policy = { ...policy, unknownModel: "deny", shadow: true };
    const watching = [limitOn("requests", 1, null, false)];
    for (let i = 0; i < 2; i++) {
      const { wouldDeny } = allowed(await ask(watching, { policy: shadow, model: "unheard-of" }));
      assert.deepEqual(wouldDeny, { kind: "modelUnknown" });
    }
    assert.deepEqual(await used(watching), [1]);
    const { wouldDeny } = allowed(await ask([], { policy: shadow, model: "unheard-of" }));
    assert.deepEqual(wouldDeny, { kind: "modelUnknown" });
  });
});

describe("a limit that only watches", () => {
  test("holds what fits, and where it has no room holds nothing, lets through and is reported", async () => {
    const { ask, used } = gateOver();
    const watching = limitOn("totalTokens", 40, null, false);
    const limits = [limitOn("requests", 5), watching];
    const first = allowed(await ask(limits));
    assert.deepEqual([amounts(first), first.wouldDeny], [[1, 30], null]);
    const second = allowed(await ask(limits));
    assert.deepEqual(amounts(second), [1]);
    assert.ok(second.wouldDeny?.kind === "limit");
    assert.equal(second.wouldDeny.binding.charge.limit, watching);
    assert.equal(second.binding?.charge.limit.unit, "requests");
    assert.deepEqual(await used(limits), [2, 30]);
  });

  test("is not charged when another limit denies", async () => {
    const { ask, used } = gateOver();
    const limits = [limitOn("requests", 1), limitOn("totalTokens", 400, null, false)];
    allowed(await ask(limits));
    denied(await ask(limits));
    assert.deepEqual(await used(limits), [1, 30]);
  });
});

describe("counters that cannot be asked", () => {
  const limits = [limitOn("requests", 5), limitOn("totalTokens", 100)];
  const uncounted = (admitted: boolean): CounterStore => ({
    charge: async () => ({ kind: "uncounted", admitted }),
    add: () => assert.fail("added"),
    adjust: () => assert.fail("adjusted"),
  });
  const shadow: Policy = { ...policy, shadow: true };

  test("let a request pass with nothing held, or deny it, as the operator wants", async () => {
    const passed = allowed(await gateOver(uncounted(true)).ask(limits));
    assert.deepEqual(
      [passed.charged, passed.standings, passed.binding, passed.wouldDeny],
      [[], [], null, null],
    );
    assert.deepEqual(denied(await gateOver(uncounted(false)).ask(limits)), { kind: "countersUnavailable" });
  });

  test("deny nothing in shadow mode, and are reported", async () => {
    const passed = allowed(await gateOver(uncounted(false)).ask(limits, { policy: shadow }));
    assert.deepEqual(passed.wouldDeny, { kind: "countersUnavailable" });
    const strict: Policy = { ...shadow, unknownModel: "deny" };
    const unknown = allowed(await gateOver(uncounted(false)).ask(limits, { policy: strict, model: "x" }));
    assert.deepEqual(unknown.wouldDeny, { kind: "modelUnknown" });
  });
});

describe("what was charged to a request", () => {
  const limits = [...units.map((unit) => limitOn(unit, 1000)), limitOn("requests", 9, "priced-*")];

  test("is all given back by a release, and no more than that", async () => {
    const { ask, store, used } = gateOver();
    allowed(await ask(limits));
    const before = await used(limits);
    const { charged } = allowed(await ask(limits));
    await release(store, charged, NOW);
    assert.deepEqual(await used(limits), before);
  });

  test("is not taken from the next window when its own is over", async () => {
    const { ask, store } = gateOver();
    const { charged } = allowed(await ask(limits));
    const later = NOW + 60_000;
    const asked = chargesOf(limits).map((charge) => ({ ...charge, amount: 7 }));
    await store.charge(asked, later);
    await release(store, charged, later);
    const outcome = await store.charge(asked, later);
    assert.ok(outcome.kind === "counted");
    for (const { used } of outcome.standings) assert.equal(used, 7);
  });
});
