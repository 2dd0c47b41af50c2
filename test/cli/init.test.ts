import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { runCommand, start } from "./terminal.js";

const usage = (message: string) => ({ code: 2, out: "", err: `weir: ${message}\nTry: weir --help\n` });
const PETS = `openapi: 3.0.3
info: { title: Pets, version: "1.0" }
servers: [{ url: /pets }]
paths:
  /{id}: { get: {} }
  /{id}.json: { get: {} }
`;

describe("weir init", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-init-"));
    await writeFile(join(folder, "pets.yaml"), PETS);
  });
  after(() => rm(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);

  /** The commands that it prints, each as the arguments that a shell makes of it. */
  function commandsIn(out: string): string[][] {
    const lines = [...out.matchAll(/^ {2}(\S.*)$/gm)].map(([, line = ""]) => line.replace(/ > .*/, ""));
    return lines.map((line) =>
      execFileSync("sh", ["-c", `printf '%s\\n' ${line}`], { encoding: "utf8" })
        .trimEnd()
        .split("\n"),
    );
  }

  test("writes a policy, and tells the commands that come next, which work", async () => {
    const file = at("it's mine; $HOME.yaml");
    const { code, out, err } = await runCommand(["init", file]);
    assert.deepEqual([code, err], [0, ""]);
    const [validate = [], envoy, serve = [], proxy, curl, withKey = []] = commandsIn(out);
    assert.deepEqual(validate, ["weir", "validate", file]);
    assert.deepEqual(await runCommand(validate.slice(1)), {
      code: 0,
      out: `${file} is good: 1 APIs, 4 limits\n`,
      err: "",
    });
    assert.deepEqual(
      [envoy, proxy],
      [
        ["weir", "envoy", file],
        ["envoy", "-c", "envoy.yaml"],
      ],
    );
    const free = { WEIR_GRPC: "127.0.0.1:0", WEIR_ADMIN: "127.0.0.1:0", WEIR_LOG_LEVEL: "silent" };
    const serving = start(serve.slice(1), { ...free, WEIR_DRAIN_DELAY_MS: "0" });
    assert.ok(await serving.serves);
    serving.stop();
    assert.equal((await serving.ended).code, 0);
    assert.deepEqual(curl, ["curl", "-i", "http://127.0.0.1:10000/"]);
    const key = /^x-api-key: (.*)$/.exec(withKey.at(-1) ?? "")?.[1] ?? assert.fail();
    assert.match(await readFile(file, "utf8"), new RegExp(` # ${key}\n`));
  });

  test("prints the policy for -, and nothing else", async () => {
    const { code, out, err } = await runCommand(["init", "-"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(parsePolicy(out, "policy").policy.apisByRef.size, 1);
  });

  test("gives every policy keys of its own", async () => {
    const keys = async () => (await runCommand(["init", "-"])).out.match(/demo-[0-9a-f]{24}/)?.[0];
    const [one, other] = [await keys(), await keys()];
    assert.ok(one && other && one !== other);
  });

  test("never writes over what is there", async () => {
    const there = "is there already, and stays as it is: give another path, or - for standard output";
    await writeFile(at("there.yaml"), "precious");
    await symlink(at("nowhere.yaml"), at("link.yaml"));
    await mkdir(at("folder"));
    for (const name of ["there.yaml", "link.yaml", "folder"]) {
      assert.deepEqual(await runCommand(["init", at(name)]), {
        code: 2,
        out: "",
        err: `weir: ${at(name)} ${there}\n`,
      });
    }
    assert.equal(await readFile(at("there.yaml"), "utf8"), "precious");
    await assert.rejects(readFile(at("nowhere.yaml")), { code: "ENOENT" });
  });

  test("says when the file cannot be written", async () => {
    const { code, out, err } = await runCommand(["init", at("no/such.yaml")]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^weir: cannot write the policy .*no\/such\.yaml: ENOENT/);
  });

  test("takes the APIs of OpenAPI definitions, and tells what cannot be taken over", async () => {
    const file = at("pets-policy.yaml");
    const { code, out, err } = await runCommand(["init", file, "--openapi", at("pets.yaml")]);
    assert.equal(code, 0);
    assert.match(out, /curl -i http:\/\/127\.0\.0\.1:10000\/pets\n/);
    const [noHost, leftOut, ...more] = err.trimEnd().split("\n");
    assert.ok(noHost?.startsWith(`note: ${at("pets.yaml")}: servers[0].url: names no host: `), noHost);
    assert.ok(leftOut?.startsWith(`note: ${at("pets.yaml")}: paths["/{id}.json"].get: `), leftOut);
    assert.deepEqual(more, []);
    const { file: policy } = parsePolicy(await readFile(file, "utf8"), file);
    assert.deepEqual(policy.apis?.[0]?.resources, [{ match: "GET /{id}" }]);
  });

  test("lists all definitions at once that are none, and writes nothing", async () => {
    await writeFile(at("broken.yaml"), "\ufeffopenapi: 3.0.0\npaths: [\n");
    await writeFile(at("other.json"), '{ "name": "weir" }');
    const flags = ["pets.yaml", "broken.yaml", "other.json", "none.yaml"].flatMap((f) => [
      "--openapi",
      at(f),
    ]);
    const { code, out, err } = await runCommand(["init", at("none-policy.yaml"), ...flags]);
    assert.deepEqual([code, out], [2, ""]);
    const [summary, ...mistakes] = err.trimEnd().split("\n");
    assert.equal(summary, "weir: 3 mistakes in what should define APIs");
    assert.ok(mistakes[0]?.startsWith(`${at("broken.yaml")}:`), mistakes[0]);
    assert.ok(mistakes[1]?.startsWith(`${at("none.yaml")}: ENOENT`), mistakes[1]);
    assert.equal(
      mistakes[2],
      `${at("other.json")}: is no OpenAPI definition: it has neither openapi nor swagger`,
    );
    await assert.rejects(readFile(at("none-policy.yaml")), { code: "ENOENT" });
  });

  test("refuses to guess", async () => {
    assert.deepEqual(await runCommand(["init", "a", "b"]), usage("one policy file, not also: b"));
    assert.deepEqual(await runCommand(["init", ""]), usage("the path of the policy is empty"));
    assert.match((await runCommand(["init", "--swagger", "a"])).err, /Unknown option '--swagger'/);
    assert.match((await runCommand(["init", "--openapi"])).err, /--openapi.*argument missing/s);
  });

  test("tells what it takes", async () => {
    const { code, out } = await runCommand(["init", "--help"]);
    assert.equal(code, 0);
    assert.match(out, /^Usage: weir init \[FILE\] \[--openapi FILE\]…\n/);
  });
});
