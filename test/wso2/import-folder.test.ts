import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { WeirError } from "../../src/errors.js";
import { importFolder } from "../../src/wso2/import-folder.js";

const API = "type: api\nversion: v4.5.0\ndata: { name: A, context: /a, version: v1 }\n";

describe("importFolder", () => {
  let root = "";
  let folder = "";
  let count = 0;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "weir-import-"));
  });
  beforeEach(async () => {
    folder = join(root, String(count++));
    await mkdir(folder);
  });
  after(() => rm(root, { recursive: true }));

  async function put(name: string, text: string): Promise<void> {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }

  async function refusal(code: WeirError["code"]): Promise<string[]> {
    try {
      await importFolder(folder);
    } catch (error) {
      assert.ok(error instanceof WeirError, String(error));
      assert.equal(error.code, code);
      assert.equal(error.exitCode, 2);
      return error.message.replaceAll(`${folder}/`, "").split("\n");
    }
    return assert.fail("was imported");
  }

  test("refuses an empty folder", async () => {
    assert.deepEqual(await refusal("IMPORT_UNREADABLE"), [
      `there is nothing of WSO2 API Manager to import in ${folder}`,
    ]);
  });

  test("refuses a folder that is not there, and a file", async () => {
    folder = join(folder, "none");
    assert.match((await refusal("IMPORT_UNREADABLE"))[0] ?? "", /^cannot read the folder .*: ENOENT/);
    await writeFile(folder, "");
    assert.match((await refusal("IMPORT_UNREADABLE"))[0] ?? "", /^cannot read the folder .*: ENOTDIR/);
  });

  test("refuses a folder with nothing to take over, and says what there is", async () => {
    await put("api.zip", "");
    await put("notes.json", "{}");
    await put("product.yaml", "type: api_product\nversion: v4.5.0\ndata: { name: P }\n");
    assert.deepEqual(await refusal("IMPORT_UNREADABLE"), [
      `there is nothing of WSO2 API Manager to import in ${folder}`,
      "api.zip: is an archive: unpack it and import again",
      "notes.json: is no artefact of WSO2 that holds limits: it is passed over",
      "product.yaml: data: API products have no counterpart: import the APIs that they are made of",
    ]);
  });

  test("tells of archives beside what it imports", async () => {
    await put("a/api.yaml", API);
    await put("b.zip", "");
    const { notes } = await importFolder(folder);
    assert.equal(notes.at(-1), `${join(folder, "b.zip")}: is an archive: unpack it and import again`);
  });

  test("refuses all files at once that cannot be read", async () => {
    await put("good/api.yaml", API);
    await put("bad.json", '{ "type": "api", ');
    await put("bad.yaml", "type: api\ndata: [\n");
    await put("two.yaml", "a: 1\n---\nb: 2\n");
    await put("nameless/api.yaml", "type: api\nversion: v4.5.0\ndata: { context: /b }\n");
    await put(
      "odd/api.yaml",
      'type: api\nversion: v4.5.0\ndata: { name: "!", version: v1, context: "/a?b" }\n',
    );
    await put(
      "path/api.yaml",
      'type: api\nversion: v4.5.0\ndata: { name: B, version: v1, context: "/a?b" }\n',
    );
    await put("app.yaml", "type: application\nversion: v4.5.0\ndata: { applicationInfo: { owner: ann } }\n");
    await put(
      "tier.yaml",
      "type: throttling policy\nsubtype: application policy\ndata: { defaultLimit: null }\n",
    );
    await put("rule.yaml", "type: throttling policy\nsubtype: custom rule\ndata: { siddhiQuery: x }\n");
    await symlink("nowhere", join(folder, "dangling.yaml"));
    const [summary, ...mistakes] = await refusal("IMPORT_INVALID");
    assert.equal(summary, "11 mistakes in what is to be imported");
    assert.deepEqual(
      mistakes.map((mistake) => mistake.replace(/ENOENT.*|(?<=bad\.json: ).*/, "…")),
      [
        "app.yaml: data.applicationInfo.name: the application has no name that could be one",
        "bad.json: …",
        "bad.yaml:3: deficient indentation",
        "dangling.yaml: …",
        "nameless/api.yaml: data.name: the API has no name that could be one",
        "nameless/api.yaml: data.version: the API has no version that could be one",
        "odd/api.yaml: data.name: the API has no name that could be one",
        'path/api.yaml: data.context: "/a?b/v1" is no path that an API could be served under',
        "rule.yaml: data.policyName: the custom rule has no name that could be one",
        "tier.yaml: data.policyName: the policy has no name that could be one",
        "two.yaml:1: expected a single document in the stream, but found more",
      ],
    );
  });

  test("passes over hidden files, other files and folders that look like files", async () => {
    await put("api.yaml", API);
    await put(".git/config.yaml", "{");
    await put("notes.md", "# {");
    await put("folder.yaml/notes.txt", "{");
    assert.deepEqual((await importFolder(folder)).notes.length, 1);
  });

  test("reads versions as they are written, and files that begin with a byte order mark", async () => {
    await put("api.yaml", `\ufeff${API.replace("version: v1", "version: 1.10")}`);
    await put("other.json", '\ufeff{ "type": "api", "data": { "name": "B", "context": "b", "version": 2 } }');
    const { text } = await importFolder(folder);
    assert.match(text, /name: A\n {4}version: "1.10"\n {4}match:\n {6}pathPrefix: \/a\/1.10\n/);
    assert.match(text, /name: B\n {4}version: "2"\n {4}match:\n {6}pathPrefix: \/b\/2\n/);
  });
});
