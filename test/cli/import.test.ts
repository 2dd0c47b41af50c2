import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runCommand } from "./terminal.js";

const SHOP = "test/wso2/fixtures/shop";
const OPEN = "test/wso2/fixtures/open";
const usage = (message: string) => ({ code: 2, out: "", err: `weir: ${message}\nTry: weir --help\n` });

describe("weir import wso2", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-import-cli-"));
  });
  after(() => rm(folder, { recursive: true }));

  test("prints the policy, and nothing else where nothing is to be said", async () => {
    const out = await readFile("test/wso2/expected/shop.yaml", "utf8");
    assert.deepEqual(await runCommand(["import", "wso2", SHOP]), { code: 0, out, err: "" });
  });

  test("tells on standard error what means something else, and still ends with 0", async () => {
    const { code, out, err } = await runCommand(["import", "wso2", OPEN]);
    assert.equal(code, 0);
    assert.equal(out, await readFile("test/wso2/expected/open.yaml", "utf8"));
    const notes = (await readFile("test/wso2/expected/open.txt", "utf8")).trimEnd().split("\n");
    assert.equal(err, notes.map((note) => `note: ${OPEN}/${note}\n`).join(""));
  });

  test("writes the policy to a file, which weir then finds good", async () => {
    const file = join(folder, "policy.yaml");
    const imported = await runCommand(["import", "wso2", SHOP, "--out", file]);
    assert.deepEqual(imported, { code: 0, out: "", err: "" });
    assert.equal(await readFile(file, "utf8"), (await runCommand(["import", "wso2", SHOP])).out);
    assert.deepEqual(await runCommand(["validate", file]), {
      code: 0,
      out: `${file} is good: 1 APIs, 7 limits\n`,
      err: "",
    });
  });

  test("says when the file cannot be written", async () => {
    const { code, out, err } = await runCommand([
      "import",
      "wso2",
      SHOP,
      "--out",
      join(folder, "no/such.yaml"),
    ]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^weir: cannot write the policy .*no\/such\.yaml: ENOENT/);
  });

  test("lists all files that cannot be read, and writes nothing", async () => {
    const out = join(folder, "none.yaml");
    await writeFile(join(folder, "a.json"), "{");
    await writeFile(join(folder, "b.yaml"), "type: api\nversion: v4.5.0\ndata: { name: B, version: v1 }\n");
    const { code, err, ...rest } = await runCommand(["import", "wso2", folder, "--out", out]);
    assert.deepEqual([code, rest.out], [2, ""]);
    const [summary, ...mistakes] = err.trimEnd().split("\n");
    assert.equal(summary, "weir: 2 mistakes in what is to be imported");
    assert.ok(mistakes[0]?.startsWith(`${folder}/a.json: `), mistakes[0]);
    assert.equal(mistakes[1], `${folder}/b.yaml: data.context: the API has no context`);
    await assert.rejects(readFile(out), { code: "ENOENT" });
  });

  test("refuses to guess", async () => {
    assert.deepEqual(await runCommand(["import"]), usage("import from what? there is wso2"));
    assert.deepEqual(
      await runCommand(["import", "kong", "."]),
      usage('import from what? there is wso2, not "kong"'),
    );
    const which = usage("which folder? give the one that the exports are in");
    assert.deepEqual(await runCommand(["import", "wso2"]), which);
    assert.deepEqual(await runCommand(["import", "wso2", "a", "b"]), usage("one folder, not also: b"));
    assert.match((await runCommand(["import", "wso2", "a", "--in", "b"])).err, /Unknown option '--in'/);
  });

  test("says when the folder cannot be read", async () => {
    const { code, err } = await runCommand(["import", "wso2", "no/such"]);
    assert.equal(code, 2);
    assert.match(err, /^weir: cannot read the folder no\/such: ENOENT/);
  });

  test("tells what it takes", async () => {
    const { code, out } = await runCommand(["import", "--help"]);
    assert.equal(code, 0);
    assert.match(
      out,
      /^Usage: weir import wso2 DIR \[flags\]\n[\s\S]*--out FILE {2}where .*WEIR_OUT; default -\)\n/,
    );
  });
});
