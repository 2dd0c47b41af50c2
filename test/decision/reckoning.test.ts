import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type ChargeReason,
  type ChargeSource,
  type Ending,
  type Exchange,
  endings,
  type Reckoning,
  reckon,
} from "../../src/decision/reckoning.js";
import type { AiTerms, Unreported } from "../../src/policy/ai.js";
import type { TokenFigures } from "../../src/policy/amounts.js";

type Terms = Pick<AiTerms, "onMissingUsage" | "onDisconnect">;

const unreported: readonly Unreported[] = ["estimate", "reservation", "zero"];
const isOrNot = [true, false];

const expected = { input: 100, output: 200 };
const DELIVERED = 7;
const parts = { cachedInput: 10, cacheWriteInput: 0, reasoning: 2 };
/** What a response may tell: its prompt at the beginning, or all of it; the total has more than the two. */
const told = {
  nothing: null,
  some: { ...parts, input: 30, output: 5, total: 40, complete: false },
  all: { ...parts, input: 30, output: 50, total: 90, complete: true },
};
type Told = keyof typeof told;

interface Case {
  readonly ending: Ending;
  readonly told: Told;
  readonly failed: boolean;
  readonly seen: boolean;
  readonly onMissingUsage: Unreported;
  readonly onDisconnect: Unreported;
  readonly reserved: boolean;
}

/** Which cases a row is for: those that have all that it names. */
type Pattern = { readonly [K in keyof Case]?: Case[K] | readonly Case[K][] };
type Row = readonly [
  Pattern,
  ChargeSource,
  ChargeReason,
  readonly [input: number, output: number, total: number],
];

const allCases: readonly Case[] = endings.flatMap((ending) =>
  (["nothing", "some", "all"] as const).flatMap((told) =>
    isOrNot.flatMap((failed) =>
      isOrNot.flatMap((seen) =>
        unreported.flatMap((onMissingUsage) =>
          unreported.flatMap((onDisconnect) =>
            isOrNot.map((reserved) => ({
              ending,
              told,
              failed,
              seen,
              onMissingUsage,
              onDisconnect,
              reserved,
            })),
          ),
        ),
      ),
    ),
  ),
);

/** Endings that leave it to the policy what is charged, and which part of the policy that is. */
const open = [
  ["aborted", "aborted", "onDisconnect"],
  ["complete", "notReported", "onMissingUsage"],
  ["encoded", "encoded", "onMissingUsage"],
  ["stopping", "stopping", "onDisconnect"],
] as const;
const answered = ["complete", "aborted", "encoded", "stopping"] as const;

const rows: readonly Row[] = [
  [{ ending: "refused" }, "none", "refused", [0, 0, 0]],
  [{ ending: answered, told: "all" }, "response", "reported", [30, 50, 90]],
  [{ ending: answered, told: "some", failed: true }, "response", "failed", [30, 5, 40]],
  [{ ending: answered, told: "nothing", failed: true }, "none", "failed", [0, 0, 0]],
  ...open.flatMap(([ending, reason, decisive]): Row[] => {
    // weir that stops leaves what is reserved, whatever the policy says.
    const free = { ending, failed: false, ...(ending === "stopping" ? { reserved: false } : {}) };
    const zero = { ...free, [decisive]: "zero" };
    const estimate = { ...free, [decisive]: "estimate" };
    const reservation = { ...free, [decisive]: "reservation" };
    return [
      [{ ...zero, told: "nothing" }, "none", reason, [0, 0, 0]],
      [{ ...zero, told: "some" }, "response", reason, [30, 5, 40]],
      [{ ...estimate, told: "nothing", seen: true }, "estimate", reason, [100, DELIVERED, 107]],
      [{ ...estimate, told: "nothing", seen: false }, "estimate", reason, [100, 200, 300]],
      [{ ...estimate, told: "some", seen: true }, "estimate", reason, [30, 5 + DELIVERED, 42]],
      [{ ...estimate, told: "some", seen: false }, "estimate", reason, [30, 200, 230]],
      [{ ...reservation, told: ["nothing", "some"], reserved: false }, "estimate", reason, [100, 200, 300]],
      ending === "stopping"
        ? [
            { ending, failed: false, told: ["nothing", "some"], reserved: true },
            "reservation",
            reason,
            [100, 200, 300],
          ]
        : [
            { ...reservation, told: ["nothing", "some"], reserved: true },
            "reservation",
            reason,
            [100, 200, 300],
          ],
    ];
  }),
];

function isFor([pattern]: Row, one: Case): boolean {
  return Object.entries(pattern).every(([name, wanted]) =>
    [wanted].flat().includes(one[name as keyof Case] as never),
  );
}

function reckoned(one: Case): Reckoning {
  const exchange = {
    ending: one.ending,
    told: told[one.told],
    hasFailed: one.failed,
    untold: one.seen ? DELIVERED : null,
    expected,
    isReserved: one.reserved,
  };
  return reckon(one, exchange);
}

describe("what an exchange is charged", () => {
  test("is said for every case by exactly one row", () => {
    for (const one of allCases) {
      assert.equal(rows.filter((row) => isFor(row, one)).length, 1, JSON.stringify(one));
    }
  });

  for (const row of rows) {
    const [pattern, source, reason, sums] = row;
    const words = Object.entries(pattern).map(([name, value]) => `${name} ${[value].flat().join("/")}`);
    test(`${words.join(", ")}: ${sums.join(", ")}, by ${source}`, () => {
      for (const one of allCases.filter((any) => isFor(row, any))) {
        const { figures, ...why } = reckoned(one);
        assert.deepEqual(why, { source, reason }, JSON.stringify(one));
        assert.deepEqual([figures.input, figures.output, figures.total], sums, JSON.stringify(one));
      }
    });
  }

  test("is more than what is reserved where the total that the response has told is more, though its parts are not", () => {
    const known = { ...told.some, total: 301 };
    const exchange = { ending: "aborted", hasFailed: false, untold: 0, isReserved: true } as const;
    const terms = { onMissingUsage: "reservation", onDisconnect: "reservation" } as const;
    assert.equal(reckon(terms, { ...exchange, told: known, expected }).figures.total, 301);
  });

  test("is more than what is reserved where the response has told more of one part", () => {
    for (const more of [{ input: 101 }, { output: 201 }]) {
      const known = { ...told.some, total: 0, ...more };
      const exchange = { ending: "aborted", hasFailed: false, untold: 0, isReserved: true } as const;
      const terms = { onMissingUsage: "reservation", onDisconnect: "reservation" } as const;
      const { source, figures } = reckon(terms, { ...exchange, told: known, expected });
      assert.equal(source, "reservation");
      assert.deepEqual([figures.input, figures.output], [more.input ?? 100, more.output ?? 200]);
    }
  });
});

const count = fc.nat({ max: 1000 });
const figures: fc.Arbitrary<TokenFigures> = fc
  .record({ input: count, output: count, cached: count, written: count, reasoning: count, beyond: count })
  .map(({ input, output, cached, written, reasoning, beyond }) => {
    const cachedInput = Math.min(cached, input);
    const cacheWriteInput = Math.min(written, input - cachedInput);
    const total = input + output + beyond;
    return { input, output, cachedInput, cacheWriteInput, reasoning: Math.min(reasoning, output), total };
  });
const exchange: fc.Arbitrary<Exchange> = fc.record({
  ending: fc.constantFrom(...endings),
  told: fc.option(fc.tuple(figures, fc.boolean()).map(([known, complete]) => ({ ...known, complete }))),
  hasFailed: fc.boolean(),
  untold: fc.option(count),
  expected: fc.record({ input: count, output: count }),
  isReserved: fc.boolean(),
});
const terms: fc.Arbitrary<Terms> = fc.record({
  onMissingUsage: fc.constantFrom(...unreported),
  onDisconnect: fc.constantFrom(...unreported),
});

/** Holds for every exchange under every policy. */
function always(holds: (reckoning: Reckoning, exchange: Exchange, terms: Terms) => void) {
  fc.assert(
    fc.property(terms, exchange, (policy, one) => holds(reckon(policy, one), one, policy)),
    { numRuns: 2000 },
  );
}

describe("whatever became of an exchange", () => {
  test("it is never charged less than the response told, unless it was refused", () => {
    always(({ figures, reason }, { told }) => {
      if (!told || reason === "refused") return;
      assert.ok(figures.input >= told.input && figures.output >= told.output && figures.total >= told.total);
    });
  });

  test("a total is at least input and output, and parts are no more than their whole", () => {
    always(({ figures }) => {
      const { input, output, total, cachedInput, cacheWriteInput, reasoning } = figures;
      assert.ok(total >= input + output);
      assert.ok(cachedInput + cacheWriteInput <= input && reasoning <= output);
      for (const value of Object.values(figures)) assert.ok(value >= 0);
    });
  });

  test("what was refused costs nothing, and nothing is told of it", () => {
    always(({ source, reason, figures }, { ending }) => {
      if (ending !== "refused") return assert.notEqual(reason, "refused");
      assert.deepEqual([source, reason, figures.total], ["none", "refused", 0]);
    });
  });

  test("what the response reported in full counts as it is, whatever the policy and the ending", () => {
    always(({ source, reason, figures }, { ending, told }) => {
      if (ending === "refused") return;
      assert.equal(reason === "reported", told?.complete === true);
      if (told?.complete) assert.deepEqual([source, figures], ["response", told]);
    });
  });

  test("only what is reserved stays as it is, and only by the policy's word or when weir stops", () => {
    always(({ source }, { isReserved, ending }, { onMissingUsage, onDisconnect }) => {
      if (source !== "reservation") return;
      assert.ok(isReserved);
      const decisive = ending === "aborted" ? onDisconnect : onMissingUsage;
      assert.ok(ending === "stopping" || decisive === "reservation");
    });
  });
});
