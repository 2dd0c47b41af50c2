import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { measureExactness } from "../../report/cluster/scenarios/exactness.js";

/** A tenth of the load: whether the machine has time for it is not what is tested. */
const options = { timeout: 60_000 };
const plan = { windowMs: 2_000, windows: 2, warmUpMs: 500, scale: 0.1, killEveryMs: 1_000 };

test("three nodes on one Redis admit no more than the limits, through real Envoys", options, async () => {
  const folder = await mkdtemp(join(tmpdir(), "weir-report-"));
  try {
    const { load, answers, limits } = await measureExactness("leased", plan, folder, () => {});

    assert.equal(load.sentRequests, load.scheduledRequests);
    assert.ok(answers.admittedRequests > 0);
    assert.equal(answers.unansweredRequests, 0);
    assert.equal(answers.backendRepeatedRequests, 0);
    for (const { limit, overAdmittedRequests, backendRequests, admittedRequests, windows } of limits) {
      assert.equal(overAdmittedRequests, 0, limit);
      assert.ok(backendRequests >= admittedRequests, limit);
      assert.equal(windows.length, plan.windows);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
