import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { Report } from "../../bench/report.js";
import { targetNames } from "../../bench/targets.js";

const main = join(import.meta.dirname, "../../bench/main.js");
const options = {
  timeout: 120_000,
  skip: process.platform === "linux" ? false : "the bench reads CPU time from /proc",
};

test("the bench prints one JSON object whose figures come from counted decisions", options, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, "--quick", "--json"]);
  const report = JSON.parse(stdout) as Report;

  assert.deepEqual(Object.keys(report.results), [...targetNames]);
  for (const [path, value] of numbersOf(report)) assert.ok(value > 0, `${path} is ${value}`);
  const { floor, ...weirs } = report.results;
  assert.equal(floor.decisionsCounted, null);
  for (const [name, { replies, decisionsCounted }] of Object.entries(weirs)) {
    assert.equal(decisionsCounted, replies, name);
  }
});

function numbersOf(value: unknown, path = ""): [path: string, value: number][] {
  if (typeof value === "number") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbersOf(inner, `${path}.${key}`));
}
