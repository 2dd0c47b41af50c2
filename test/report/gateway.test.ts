import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const main = join(import.meta.dirname, "../../report/gateway/main.js");
const options = {
  timeout: 120_000,
  skip: process.platform === "linux" ? false : "the report reads CPU time from /proc",
};

test("the report on gateways prints what policies of two sizes cost", options, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, "--quick", "--json"]);
  const { generation, decisions } = JSON.parse(stdout);
  assert.equal(generation.large.resources, 200);
  assert.ok(generation.large.kilobytes > 5 * generation.small.kilobytes);
  for (const size of ["small", "large"]) {
    const { envoyUs, weirUs } = decisions.costs[size];
    assert.ok(envoyUs > 0 && weirUs > 0, `${size}: ${envoyUs}, ${weirUs}`);
  }
  assert.ok(decisions.ratios.envoy > 0 && decisions.ratios.weir > 0);
});
