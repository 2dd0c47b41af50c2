import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

/** Checks files against the Compose Specification's JSON schema, which the Python package check-jsonschema carries. */
function check(file: string) {
  const args = ["-B", "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", file];
  const env = { ...process.env, PYTHONPATH: join(process.cwd(), ".tools", "python") };
  const { status, stdout, stderr } = spawnSync("python3", args, { env, encoding: "utf8", timeout: 60_000 });
  return { status, output: `${stdout}${stderr}\nTo set it up: node scripts/setup.mjs python` };
}

describe("the Compose Specification", () => {
  for (const file of ["docker-compose.yml", "docker-compose.cluster.yml"]) {
    test(`has a schema that ${file} fits`, () => {
      const { status, output } = check(file);
      assert.equal(status, 0, output);
    });
  }

  test("has a schema that a misspelt key does not fit", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weir-compose-"));
    try {
      const file = join(folder, "docker-compose.yml");
      await writeFile(file, "services: { weir: { image: weir, depend_on: [redis] } }\n");
      const { status, output } = check(file);
      assert.equal(status, 1, output);
      assert.match(output, /depend_on/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
