import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { measureAborts } from "../../report/tokens/scenarios/aborts.js";
import { measureDeath } from "../../report/tokens/scenarios/death.js";
import { measureLatency } from "../../report/tokens/scenarios/latency.js";
import { measureOvershoot } from "../../report/tokens/scenarios/overshoot.js";
import { measureVolume } from "../../report/tokens/scenarios/volume.js";

/** A part of the load: whether the machine has time for it is not what is tested. */
const options = { timeout: 60_000 };
const say = () => {};

describe("the report on tokens, through real Envoys", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-report-"));
  });
  after(() => rm(folder, { recursive: true }));

  test(
    "finds that reservations keep to their bound, and that charging afterwards admits all",
    options,
    async () => {
      const plan = { limit: 5_000, requests: 20, learningRequests: 6, thinkingMs: 700, seed: 1 };
      const { variants } = await measureOvershoot(plan, folder, say);
      for (const [name, { chargeAfter, reserve }] of Object.entries(variants)) {
        assert.equal(chargeAfter.admittedRequests, plan.requests, name);
        assert.ok(reserve.admittedRequests > 0 && reserve.admittedRequests < plan.requests, name);
        assert.ok(reserve.isBounded, name);
        for (const result of [chargeAfter, reserve]) {
          assert.deepEqual([result.failedRequests, result.unaccountedRequests], [0, 0], name);
        }
      }
      assert.equal(variants.exact.reserve.unreservedRequests, 0);
      assert.equal(variants.exactBeyondShare.reserve.admittedRequests, 4, "a quarter of the limit each");
    },
  );

  test("finds a line for every answer, and that what told its usage was charged that", options, async () => {
    const report = await measureAborts({ streams: 20, seed: 1, lingerMs: 500 }, folder, say);
    assert.ok(report.exchanges >= 10 && report.told.exchanges > 0);
    assert.deepEqual([report.missingLines, report.doubleLines, report.told.unequal], [[], [], []]);
    const { used, charged } = report.counter;
    assert.equal(used, charged, "what was reserved is settled or given back");
  });

  test(
    "finds every stream whole whose weir was killed, and no request let through then",
    options,
    async () => {
      const plan = { streams: 10, pieces: 80, requestsWhileAway: 5 };
      for (const [mode, result] of Object.entries(await measureDeath(plan, folder, say))) {
        assert.equal(result.openStreams, plan.streams, mode);
        assert.equal(result.wholeStreams, plan.streams, mode);
        assert.deepEqual(result.answersWhileAway, { 503: plan.requestsWhileAway }, mode);
      }
    },
  );

  test("finds many short answers charged, each once", options, async () => {
    const plan = { requests: 60, requestsAtATime: 10 };
    for (const [mode, result] of Object.entries(await measureVolume(plan, folder, say))) {
      const { answers, missingLines, doubleLines, unequal, unreserved } = result;
      assert.deepEqual(answers, { 200: plan.requests }, mode);
      assert.deepEqual([missingLines, doubleLines, unequal, unreserved], [0, 0, 0, 0], mode);
    }
  });

  test("gets every stream through every side that it compares", options, async () => {
    const shape = { rounds: 1, streamsAtATime: 5, pieces: 5, paceMs: 5 };
    const report = await measureLatency({ ...shape, pacedStreams: 5, unpacedStreams: 5 }, folder, say);
    for (const [side, { paced, unpaced }] of Object.entries(report.sides)) {
      assert.deepEqual([paced.streams, paced.failedStreams, unpaced.failedStreams], [5, 0, 0], side);
      assert.ok(paced.firstByte.ms.p50 > 0 && paced.gaps.ms.max > 0, side);
      assert.ok(unpaced.streamsPerSecond > 0, side);
    }
  });
});
