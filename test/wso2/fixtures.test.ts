import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { importFolder } from "../../src/wso2/import-folder.js";

const FIXTURES = "test/wso2/fixtures";
const EXPECTED = "test/wso2/expected";

const folders = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The notes of a fixture, without the folder before each. */
const shorten = (folder: string, notes: readonly string[]) =>
  notes.map((note) => note.replaceAll(`${FIXTURES}/${folder}/`, "")).join("\n");

describe("what WSO2 exports becomes the policy that is expected, word for word:", () => {
  assert.ok(folders.length >= 11, folders.join());
  for (const folder of folders) {
    test(folder.replaceAll("-", " "), async () => {
      const { text, notes } = await importFolder(`${FIXTURES}/${folder}`);
      assert.equal(text, readFileSync(`${EXPECTED}/${folder}.yaml`, "utf8"));
      assert.equal(shorten(folder, notes), readFileSync(`${EXPECTED}/${folder}.txt`, "utf8").trimEnd());
      assert.deepEqual(parsePolicy(text, "policy.yaml").warnings, []);
    });
  }

  test("nothing is expected of what is not there", () => {
    const expected = readdirSync(EXPECTED).map((name) => name.replace(/\.\w+$/, ""));
    assert.deepEqual([...new Set(expected)].sort(), folders.toSorted());
  });
});

describe("all fixtures at once", () => {
  test("make one policy with all that is in them", async () => {
    const { text, notes } = await importFolder(FIXTURES);
    const { policy, file } = parsePolicy(text, "policy.yaml");
    const alone = await Promise.all(folders.map((folder) => importFolder(`${FIXTURES}/${folder}`)));
    const refs = alone.flatMap(({ text }) => [...parsePolicy(text, "policy.yaml").policy.apisByRef.keys()]);
    assert.deepEqual([...policy.apisByRef.keys()].sort(), refs.sort());
    assert.deepEqual(
      file.applications?.map(({ name }) => name),
      ["Assistant", "my-app", "App", "App (bob)", "LegacyApp", "WithoutKeys", "Mobile"],
    );
    assert.ok(notes.length > 60, `${notes.length} notes`);
  });

  test("never tell a secret", async () => {
    const { text, notes } = await importFolder(FIXTURES);
    const secrets = /VElETFVrS1BoR3FBZ0V2VDBzeFZ6ZjVJ|S1BoR3FBZ0V2VDBzeFZ6ZjVJVElETFVr|c2VjcmV0/;
    assert.doesNotMatch([text, ...notes].join("\n"), secrets);
  });
});
