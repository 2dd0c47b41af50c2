import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { Client, credentials } from "@grpc/grpc-js";
import { type Certificates, makeCertificates } from "../support/certificates.js";
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

  describe("with TLS", () => {
    let certificates: Certificates;
    let strangers: Certificates;
    before(async () => {
      [certificates, strangers] = await Promise.all([makeCertificates(), makeCertificates()]);
    });
    after(async () => {
      await certificates?.remove();
      await strangers?.remove();
    });
    const onFreePorts = ["serve", POLICY, "--grpc", FREE, "--admin", FREE, ...QUIET];

    test("takes its files from the environment", async (t) => {
      const { server, caFile } = certificates;
      const env = {
        WEIR_TLS_CERT: server.certFile,
        WEIR_TLS_KEY: server.keyFile,
        WEIR_TLS_CLIENT_CA: caFile,
      };
      const weir = await serving(t, [POLICY, "--grpc", FREE, "--admin", FREE, ...QUIET], env);
      weir.stop();
      assert.equal((await weir.ended).code, 0);
    });

    for (const flags of [
      ["--tls-cert", "tls.crt"],
      ["--tls-key", "tls.key"],
      ["--tls-client-ca", "ca.crt"],
      ["--tls-client-ca", "ca.crt", "--tls-key", "tls.key"],
    ]) {
      test(`is not content with ${flags.filter((flag) => flag.startsWith("--")).join(" and ")}`, async () => {
        const { code, err } = await runCommand([...onFreePorts, ...flags]);
        assert.equal(code, 2);
        assert.match(err, /^weir: TLS needs both --tls-cert and --tls-key; .+\nTry: weir --help\n$/);
      });
    }

    test("does not serve it on a socket of the file system", async () => {
      const { certFile, keyFile } = certificates.server;
      const flags = [...sockets("tls").flags, "--tls-cert", certFile, "--tls-key", keyFile];
      const { code, err } = await runCommand(["serve", POLICY, ...flags, ...QUIET]);
      assert.equal(code, 2);
      assert.match(err, /^weir: --tls-cert has no effect with unix: in --grpc: .+\nTry: weir --help\n$/);
    });

    /** What weir says of files that it cannot use. */
    async function complaint(cert: string, key: string, ca: string): Promise<string> {
      const flags = ["--tls-cert", cert, "--tls-key", key, "--tls-client-ca", ca];
      const { code, out, err } = await runCommand([...onFreePorts, ...flags]);
      assert.deepEqual([code, out], [2, ""]);
      return err;
    }

    test("ends with all that is wrong with each of its files", async () => {
      const { server, caFile } = certificates;
      const missing = join(folder, "missing.crt");
      const cut = join(folder, "cut.crt");
      const [ca, own] = [await readFile(caFile, "utf8"), await readFile(server.certFile, "utf8")];
      await writeFile(cut, ca + own.slice(0, -40));
      assert.equal(
        await complaint(missing, server.certFile, cut),
        [
          `weir: cannot read --tls-client-ca ${cut}: certificate 2 in it is broken: error:04800066:PEM routines::bad end line`,
          `cannot read --tls-cert ${missing}: ENOENT: no such file or directory, open '${missing}'`,
          `cannot read --tls-key ${server.certFile}: there is no private key in it, or one that is encrypted\n`,
        ].join("; "),
      );
      assert.equal(
        await complaint(server.keyFile, folder, server.keyFile),
        [
          `weir: cannot read --tls-client-ca ${server.keyFile}: there is no certificate in it`,
          `cannot read --tls-cert ${server.keyFile}: there is no certificate in it`,
          `cannot read --tls-key ${folder}: EISDIR: illegal operation on a directory, read\n`,
        ].join("; "),
      );
    });

    test("ends when a key is another's", async () => {
      const { certFile } = certificates.server;
      const { keyFile } = strangers.server;
      assert.equal(
        await complaint(certFile, keyFile, certificates.caFile),
        `weir: cannot use --tls-cert ${certFile} with --tls-key ${keyFile}: that is the key to another\n`,
      );
    });
  });
});
