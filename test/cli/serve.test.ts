import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { Client, credentials } from "@grpc/grpc-js";
import { runCommand, start } from "./terminal.js";

const POLICY = "test/config/fixtures/example.yaml";
const QUIET = ["--log-level", "silent", "--drain-ms", "100"];
const FREE = "127.0.0.1:0";

describe("weir serve", () => {
  let folder = "";
  let taken: Server;
  let busy = "";

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-serve-"));
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    busy = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  });
  after(async () => {
    taken.close();
    await rm(folder, { recursive: true });
  });

  /** Leaves the file of a socket behind, as a process does that is killed. */
  function leaveSocket(path: string): void {
    const listen = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    spawnSync(process.execPath, ["-e", listen]);
    assert.ok(existsSync(path));
  }

  const sockets = (name: string) => {
    const paths = { grpc: join(folder, `${name}-grpc.sock`), admin: join(folder, `${name}-admin.sock`) };
    return { ...paths, flags: ["--grpc", `unix:${paths.grpc}`, "--admin", `unix:${paths.admin}`] };
  };

  async function assertServes(grpc: string, admin: string): Promise<void> {
    const client = new Client(`unix:${grpc}`, credentials.createInsecure());
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + 5000, (error) => (error ? reject(error) : resolve()));
    });
    client.close();
    const status = await new Promise((resolve, reject) => {
      const request = get({ socketPath: admin, path: "/readyz", agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on("error", reject);
    });
    assert.equal(status, 200);
  }

  /** A weir that serves, and that is stopped whatever becomes of the test. */
  async function serving(t: TestContext, args: readonly string[], env: Record<string, string> = {}) {
    const weir = start(["serve", ...args], env);
    t.after(async () => {
      weir.stop();
      await weir.ended;
    });
    if (!(await weir.serves)) assert.fail((await weir.ended).err);
    return weir;
  }

  test("serves on sockets of the file system until it is stopped, and leaves none behind", async (t) => {
    const { grpc, admin, flags } = sockets("new");
    const weir = await serving(t, [POLICY, ...flags, ...QUIET]);
    await assertServes(grpc, admin);
    weir.stop();
    assert.deepEqual(await weir.ended, { code: 0, out: "", err: "" });
    assert.deepEqual([existsSync(grpc), existsSync(admin)], [false, false]);
  });

  test("takes over sockets that a killed process has left", async (t) => {
    const { grpc, admin, flags } = sockets("stale");
    leaveSocket(grpc);
    leaveSocket(admin);
    const weir = await serving(t, [POLICY, ...flags, ...QUIET]);
    await assertServes(grpc, admin);
    weir.stop();
    assert.equal((await weir.ended).code, 0);
  });

  test("does not take over the sockets of another that serves", async (t) => {
    const { grpc, admin, flags } = sockets("shared");
    const first = await serving(t, [POLICY, ...flags, ...QUIET]);
    const second = await runCommand(["serve", POLICY, ...flags, ...QUIET]);
    assert.equal(second.code, 1);
    assert.match(second.err, new RegExp(`^weir: cannot listen on unix:${grpc}: .+\n$`));
    const third = await runCommand(["serve", POLICY, "--grpc", FREE, "--admin", `unix:${admin}`, ...QUIET]);
    assert.equal(third.code, 1);
    assert.match(third.err, new RegExp(`^weir: cannot listen on unix:${admin}: .+\n$`));
    await assertServes(grpc, admin);
    first.stop();
    assert.equal((await first.ended).code, 0);
  });

  test("does not remove a file that is no socket", async () => {
    const path = join(folder, "precious");
    await writeFile(path, "data");
    const { code, err } = await runCommand([
      "serve",
      POLICY,
      "--grpc",
      FREE,
      "--admin",
      `unix:${path}`,
      ...QUIET,
    ]);
    assert.equal(code, 1);
    assert.match(err, /^weir: cannot listen on unix:.*precious: /);
    assert.ok(existsSync(path));
  });

  for (const flag of ["grpc", "admin"]) {
    test(`says so and ends when the ${flag} port is taken`, async () => {
      const other = flag === "grpc" ? "admin" : "grpc";
      const flags = [`--${flag}`, busy, `--${other}`, FREE];
      const { code, out, err } = await runCommand(["serve", POLICY, ...flags, ...QUIET]);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, new RegExp(`^weir: cannot listen on ${busy}: .*EADDRINUSE.*\n$`));
    });
  }

  test("takes its addresses and the policy from the environment", async (t) => {
    const { grpc, admin } = sockets("env");
    const weir = await serving(t, [], {
      WEIR_POLICY: POLICY,
      WEIR_GRPC: `unix:${grpc}`,
      WEIR_ADMIN: `unix:${admin}`,
      WEIR_LOG_LEVEL: "silent",
      WEIR_DRAIN_MS: "100",
    });
    await assertServes(grpc, admin);
    weir.stop();
    assert.equal((await weir.ended).code, 0);
  });
});
