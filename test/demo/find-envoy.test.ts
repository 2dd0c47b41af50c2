import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { findEnvoy } from "../../demo/stack/envoy.js";

describe("the envoy that is run", () => {
  let folder: string;
  let onPath: string;
  let named: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-find-"));
    onPath = join(folder, "bin", "envoy");
    named = join(folder, "envoy-1.2");
    await mkdir(join(folder, "bin"));
    // A folder of that name is not one.
    await mkdir(join(folder, "empty", "envoy"), { recursive: true });
    for (const file of [onPath, named]) {
      await writeFile(file, "");
      await chmod(file, 0o755);
    }
  });
  after(() => rm(folder, { recursive: true }));

  const path = () => `${join(folder, "empty")}:${join(folder, "bin")}`;

  test("is the first on PATH", () => {
    assert.equal(findEnvoy({ PATH: path() }), onPath);
  });

  test("is the one that WEIR_ENVOY names before any other", () => {
    assert.equal(findEnvoy({ PATH: path(), WEIR_ENVOY: named }), named);
  });

  test("is no other where WEIR_ENVOY names none", () => {
    for (const WEIR_ENVOY of [join(folder, "gone"), join(folder, "bin")]) {
      const message = `WEIR_ENVOY: there is no program ${WEIR_ENVOY}`;
      assert.throws(() => findEnvoy({ PATH: path(), WEIR_ENVOY }), { message });
    }
    assert.throws(() => findEnvoy({ PATH: path(), WEIR_ENVOY: "" }), /WEIR_ENVOY: there is no program ""/);
  });
});
