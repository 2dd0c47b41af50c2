import assert from "node:assert/strict";
import { afterEach, describe, mock, test } from "node:test";
import { problemsOf } from "./check.js";
import { scenarioOf } from "./make-scenario.js";
import { type Mutant, mutants } from "./mutants.js";
import { play } from "./run.js";

/** One of the first so many seeds catches each. */
const SEEDS = 400;

Error.stackTraceLimit = 0;

/** What the checker finds of the kind that the mutant is known by. */
async function found(seed: number, { says, mutate, alter }: Mutant, isMutated: boolean): Promise<string[]> {
  const scenario = scenarioOf(seed);
  if (isMutated) mutate?.();
  const history = await play(isMutated && alter ? alter(scenario) : scenario);
  mock.restoreAll();
  return problemsOf({ ...history, scenario }).filter((problem) => says.test(problem));
}

describe("the checker notices when", () => {
  afterEach(() => mock.restoreAll());

  for (const mutant of mutants) {
    test(mutant.name, async (t) => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const [problem] = await found(seed, mutant, true);
        if (!problem || (await found(seed, mutant, false)).length > 0) continue;
        t.diagnostic(`seed ${seed}: ${problem}`);
        return;
      }
      assert.fail(`none of ${SEEDS} seeds showed it`);
    });
  }
});
