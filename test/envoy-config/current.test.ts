import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { runCommand } from "../cli/terminal.js";

test("envoy/envoy.yaml is what `weir envoy` makes of envoy/policy.yaml today (else: npm run gen)", async () => {
  const { code, out } = await runCommand(["envoy", "envoy/policy.yaml", "--weir", "weir:9191"]);
  assert.equal(code, 0);
  assert.equal(out, await readFile("envoy/envoy.yaml", "utf8"));
});
