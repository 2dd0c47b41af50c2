import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { problemsOf } from "./check.js";
import { kindOf, scenarioOf } from "./make-scenario.js";
import { play } from "./run.js";
import { kinds } from "./scenario.js";

/** How many runs: the seeds from 1 on. */
const RUNS = Number(process.env["WEIR_SIMULATION_RUNS"] ?? 3_000);
/** Plays only this one, and prints all that happens. */
const SEED = process.env["WEIR_SIMULATION_SEED"];
/** Seeds that fail are named up to this many. */
const NAMED = 5;

// The stacks of rejections that are part of the game would cost more than the game.
Error.stackTraceLimit = 0;

async function problemsIn(seed: number, trace: ((text: string) => void) | null = null): Promise<string[]> {
  const scenario = scenarioOf(seed);
  const problems = problemsOf(await play(scenario, trace));
  return problems.map((problem) => `seed ${seed} (${scenario.kind}): ${problem}`);
}

function everyRun() {
  for (const kind of kinds) {
    test(`never admit more than a limit's number, nor less than they should: ${kind}`, async () => {
      const failures: string[] = [];
      let failed = 0;
      for (let seed = 1; seed <= RUNS; seed++) {
        if (kindOf(seed) !== kind) continue;
        const problems = await problemsIn(seed);
        if (problems.length > 0 && ++failed <= NAMED) failures.push(...problems.slice(0, 3));
      }
      assert.equal(
        failed,
        0,
        `${failed} runs failed; to see one: WEIR_SIMULATION_SEED=<seed> node scripts/test.mjs simulation/simulation\n${failures.join("\n")}`,
      );
    });
  }
}

function oneRun() {
  test(`of seed ${SEED}`, async (t) => {
    const seed = Number(SEED);
    const { arrivals, limits, ...scenario } = scenarioOf(seed);
    t.diagnostic(JSON.stringify({ ...scenario, requests: arrivals.length }));
    for (const { limit, perUser } of limits)
      t.diagnostic(
        `limit ${limit.id}: ${limit.max}${perUser ? " per user" : ""}${limit.enforced ? "" : ", only watches"}`,
      );
    assert.deepEqual(await problemsIn(seed, (text) => t.diagnostic(text)), []);
  });
}

if (SEED === undefined) describe("nodes that share counters, in simulated runs", everyRun);
else describe("one simulated run", oneRun);
