import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { basename, join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import tls from "node:tls";
import { credentials, status } from "@grpc/grpc-js";
import { type Certificate, type Certificates, makeCertificates } from "../support/certificates.js";
import { eventually } from "../support/weir.js";
import { checkStatus, clientWith, isShown, shownAt, startTlsServer, tlsClient } from "./tls-server.js";

let ours: Certificates;
let strangers: Certificates;
before(async () => {
  [ours, strangers] = await Promise.all([makeCertificates(), makeCertificates()]);
});
after(async () => {
  await ours?.remove();
  await strangers?.remove();
});

const start = (t: TestContext, clientCertificates = false) => startTlsServer(t, ours, { clientCertificates });

/** How a check of a new client of ours ends that shows a certificate, if it has one. */
const checkBy = async (t: TestContext, port: number, certificate?: Certificate) =>
  checkStatus(await tlsClient(t, port, ours, certificate));

const untilShown = (port: number, certificate: Certificate) =>
  eventually("the other certificate is in use", () => isShown(port, certificate));

describe("the gRPC port with TLS", { concurrency: true }, () => {
  test("speaks HTTP/2 and nothing else", async (t) => {
    const { port } = await start(t);
    assert.equal((await shownAt(port)).protocol, "h2");
    await assert.rejects(shownAt(port, { ALPNProtocols: ["http/1.1"] }), /no application protocol/);
    assert.equal(await checkBy(t, port), status.OK);
    const inClear = clientWith(t, port, credentials.createInsecure());
    assert.equal(await checkStatus(inClear), status.UNAVAILABLE);
  });

  test("takes only clients with a certificate of the authority, if there is one", async (t) => {
    const { port } = await start(t, true);
    assert.equal(await checkBy(t, port, ours.client), status.OK);
    assert.equal(await checkBy(t, port), status.UNAVAILABLE);
    assert.equal(await checkBy(t, port, strangers.client), status.UNAVAILABLE);
    const open = await start(t);
    assert.equal(await checkBy(t, open.port), status.OK);
  });

  test("takes a new certificate for new connections, and leaves the others alone", async (t) => {
    const { port, cert, key, put, logged, refusals } = await start(t);
    const client = await tlsClient(t, port, ours);
    assert.equal(await checkStatus(client), status.OK);
    await put(strangers.server.keyFile, key);
    await logged(
      /cannot use --tls-cert .* with --tls-key .*: that is the key to another.*old ones stay in use/,
    );
    assert.ok(await isShown(port, ours.server));
    await put(strangers.server.certFile, cert);
    await untilShown(port, strangers.server);
    await logged(/changed TLS files are in use/);
    assert.equal(refusals(), 1);
    assert.equal(await checkBy(t, port), status.UNAVAILABLE);
    assert.equal(await checkStatus(client), status.OK);
  });

  test("takes files that come by the swap of a symbolic link, as Kubernetes mounts secrets", async (t) => {
    const { port, folder, cert, key } = await start(t);
    const swapTo = async (name: string, { certFile, keyFile }: Certificate) => {
      await mkdir(join(folder, name));
      await copyFile(certFile, join(folder, name, basename(cert)));
      await copyFile(keyFile, join(folder, name, basename(key)));
      await symlink(name, join(folder, "..data_tmp"));
      await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    await swapTo("..first", ours.server);
    for (const file of [cert, key]) {
      await rm(file);
      await symlink(join("..data", basename(file)), file);
    }
    await swapTo("..second", strangers.server);
    await untilShown(port, strangers.server);
    await swapTo("..third", ours.server);
    await untilShown(port, ours.server);
  });

  test("takes another authority for new connections, and leaves the others alone", async (t) => {
    const { port, ca, put, logged } = await start(t, true);
    const client = await tlsClient(t, port, ours, ours.client);
    assert.equal(await checkStatus(client), status.OK);
    await put(strangers.caFile, ca);
    await logged(/changed TLS files are in use/);
    assert.equal(await checkBy(t, port, strangers.client), status.OK);
    assert.equal(await checkBy(t, port, ours.client), status.UNAVAILABLE);
    assert.equal(await checkStatus(client), status.OK);
  });

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`knows no client of ${maxVersion} by an earlier session when its authority has gone`, async (t) => {
      const { port, ca, put, logged } = await start(t, true);
      const [cert, key] = [await readFile(ours.client.certFile), await readFile(ours.client.keyFile)];
      /** The session that it leaves, and whether weir has taken it: then it begins to speak. */
      const visit = async (session?: Buffer) => {
        const options = { port, cert, key, maxVersion, ALPNProtocols: ["h2"], rejectUnauthorized: false };
        const socket = tls.connect(session ? { ...options, session } : options);
        let left: Buffer | undefined;
        socket.on("session", (given) => {
          left = given;
        });
        const taken = await new Promise<boolean>((resolve) => {
          socket.on("error", () => {});
          socket.once("data", () => resolve(true));
          socket.once("close", () => resolve(false));
        });
        const reused = socket.isSessionReused();
        socket.destroy();
        return { taken, reused, left };
      };
      const { left, ...first } = await visit();
      assert.deepEqual(first, { taken: true, reused: false });
      const again = await visit(left);
      assert.deepEqual([again.taken, again.reused], [true, true]);
      await put(strangers.caFile, ca);
      await logged(/changed TLS files are in use/);
      assert.equal((await visit(left)).taken, false);
    });
  }

  for (const [what, spoil, reason] of [
    [
      "is empty",
      (ca: string) => truncate(ca),
      /cannot read --tls-client-ca .*: there is no certificate in it/,
    ],
    [
      "ends too early",
      (ca: string) => truncate(ca, 300),
      /cannot read --tls-client-ca .*: certificate 1 in it/,
    ],
    ["has gone", (ca: string) => rm(ca), /cannot read --tls-client-ca .*: ENOENT/],
    [
      "is text",
      (ca: string) => writeFile(ca, "hello"),
      /cannot read --tls-client-ca .*: there is no certificate in it/,
    ],
  ] as const) {
    test(`keeps to the authority that it had while its file ${what}`, async (t) => {
      const { port, ca, put, logged, refusals } = await start(t, true);
      await spoil(ca);
      await logged(reason);
      assert.equal(await checkBy(t, port, ours.client), status.OK);
      assert.equal(await checkBy(t, port, strangers.client), status.UNAVAILABLE);
      await put(strangers.caFile, ca);
      await logged(/changed TLS files are in use/);
      assert.equal(await checkBy(t, port, strangers.client), status.OK);
      assert.equal(refusals(), 1);
    });
  }

  const halfAMinute = { timeout: 30_000 };
  test("goes on when peers send nonsense or nothing, and stops in spite of them", halfAMinute, async (t) => {
    const { port, stop } = await start(t);
    const closed = (socket: Socket) =>
      new Promise<void>((resolve) => {
        socket.on("error", () => {});
        socket.resume().once("close", () => resolve());
      });
    const nonsense = ["", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x00\x05hello", "\x00".repeat(100_000)];
    for (const bytes of nonsense) await closed(connectTcp(port).end(bytes, "latin1"));
    const silent = connectTcp(port);
    t.after(() => silent.destroy());
    const gone = closed(silent);
    await once(silent, "connect");
    assert.equal(await checkBy(t, port), status.OK);
    await stop();
    await gone;
  });
});

// By itself: it changes what holds for the whole process.
test("the gRPC port speaks TLS 1.2 and 1.3 and nothing older, whatever Node's defaults are", async (t) => {
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
  Object.assign(tls, { DEFAULT_MIN_VERSION: "TLSv1", DEFAULT_CIPHERS: "DEFAULT@SECLEVEL=0" });
  t.after(() => Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }));
  const { port, cert, key, put } = await start(t);
  const speaksThose = async () => {
    assert.equal((await shownAt(port)).version, "TLSv1.3");
    assert.equal((await shownAt(port, { maxVersion: "TLSv1.2" })).version, "TLSv1.2");
    await assert.rejects(shownAt(port, { maxVersion: "TLSv1.1" }), /protocol version/);
  };
  await speaksThose();
  await put(strangers.server.keyFile, key);
  await put(strangers.server.certFile, cert);
  await untilShown(port, strangers.server);
  await speaksThose();
});
