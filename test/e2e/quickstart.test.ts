import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { findEnvoy } from "../../demo/stack/envoy.js";
import { type Child, startChild } from "../../demo/stack/process.js";
import { WEIR_MAIN } from "../../demo/stack/weir.js";

/** What "To begin" in the README tells a newcomer to type, line by line, without the comments. */
async function commands(): Promise<string[]> {
  const [, block = ""] = /## To begin\n.*?```sh\n(.*?)```/s.exec(await readFile("README.md", "utf8")) ?? [];
  return block
    .trim()
    .split("\n")
    .map((line) => line.replace(/ +# .*$/, ""));
}

function freePort(): Promise<number> {
  return new Promise((take) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => take(port));
    });
  });
}

describe("a newcomer who types what the README says", () => {
  let folder: string;
  const running: Child[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-newcomer-"));
  });
  after(async () => {
    for (const child of running.toReversed()) await child.stop();
    await rm(folder, { recursive: true });
  });

  test("sees a request denied by a real Envoy, in fewer than ten commands", { timeout: 60_000 }, async () => {
    const typed = await commands();
    assert.ok(typed.length < 10 && typed.length > 5, `${typed.length} commands`);
    const [setup, init, generate, backend, serve, envoy, wait, ask, askWhy] = typed;
    assert.equal(setup, "npm run setup envoy build", "which is what has made this test run");
    const ports = { client: await freePort(), backend: await freePort(), weir: await freePort() };
    const admin = { weir: await freePort(), envoy: await freePort() };

    /** The same commands in a folder of the test's own, on free ports. */
    const here = (command = "") => {
      assert.notEqual(command, "");
      return command
        .replace("npx weir", `"${process.execPath}" "${WEIR_MAIN}"`)
        .replace(
          "envoy policy.yaml",
          `envoy policy.yaml --listen 127.0.0.1:${ports.client} --admin 127.0.0.1:${admin.envoy} --weir 127.0.0.1:${ports.weir}`,
        )
        .replace(
          "serve policy.yaml",
          `serve policy.yaml --grpc 127.0.0.1:${ports.weir} --admin 127.0.0.1:${admin.weir}`,
        )
        .replace(".tools/envoy/envoy/_bin/envoy", `"${resolve(findEnvoy())}" --use-dynamic-base-id`)
        .replace("8080", String(ports.backend))
        .replace("localhost:9192", `127.0.0.1:${admin.weir}`)
        .replace("localhost:9901", `127.0.0.1:${admin.envoy}`)
        .replace("localhost:10000", `127.0.0.1:${ports.client}`);
    };
    const run = async (command?: string) =>
      (await promisify(execFile)("bash", ["-c", here(command)], { cwd: folder })).stdout;
    const start = (command = "") => {
      assert.match(command, / &$/);
      const inFolder = `cd "${folder}" && exec ${here(command).replace(/ &$/, "")}`;
      const child = startChild("bash", ["-c", inFolder], join(folder, `${running.length}.log`));
      running.push(child);
      return child;
    };

    await run(init);
    const policyFile = join(folder, "policy.yaml");
    const policy = await readFile(policyFile, "utf8");
    // A minute may end between the requests.
    await writeFile(
      policyFile,
      policy.replace("5, per: minute", "5, per: year").replace("8080", String(ports.backend)),
    );
    await run(generate);
    // Pasted at once: nothing but what it says waits for anything.
    start(backend);
    start(serve);
    start(envoy);
    await run(wait);
    assert.equal(await run(ask), `${"200\n".repeat(5)}429\n`);
    const why = await run(askWhy);
    assert.match(why, /^HTTP\/1\.1 429 /);
    assert.match(why, /retry-after: /i);
    assert.match(why, /"code":900804/);
  });
});
