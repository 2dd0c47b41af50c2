import assert from "node:assert/strict";
import { copyFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { type RedisServer, startConfigured, startRedis } from "../../demo/stack/redis.js";
import type { TlsSettings, Topology } from "../../src/redis/settings.js";
import { type Certificates, makeCertificates } from "../support/certificates.js";
import { eventually } from "../support/weir.js";
import { msUntilAnswered, open, single, temporaryFolder, untilReady } from "./connecting.js";

describe("TLS to Redis", () => {
  let certificates: Certificates;
  let strangers: Certificates;
  before(async () => {
    [certificates, strangers] = await Promise.all([makeCertificates(), makeCertificates()]);
  });
  after(async () => {
    await certificates?.remove();
    await strangers?.remove();
  });

  async function start(t: TestContext, clientCertificates = false): Promise<RedisServer> {
    const { caFile, server } = certificates;
    const redis = await startRedis({ tls: { caFile, ...server, clientCertificates } });
    t.after(() => redis.stop());
    return redis;
  }
  const tlsOf = (of: Certificates, parts: Partial<TlsSettings> = {}): TlsSettings => ({
    ca: of.caFile,
    client: { cert: of.client.certFile, key: of.client.keyFile },
    serverName: null,
    ...parts,
  });

  test("takes a server whose certificate the authority has signed, by its name or its address", async (t) => {
    const redis = await start(t);
    for (const host of ["localhost", "127.0.0.1"]) {
      const tls = tlsOf(certificates, { client: null });
      const opened = await open(t, { topology: single(redis.port, host), tls });
      await untilReady(opened);
      assert.equal(await opened.client.ping(), "PONG");
      assert.deepEqual(opened.problems, []);
    }
  });

  test("shows the client's certificate", async (t) => {
    const redis = await start(t, true);
    const tls = tlsOf(certificates);
    await untilReady(await open(t, { topology: single(redis.port), tls }));
  });

  for (const [what, parts, pattern] of [
    ["the system's authorities did not sign", { ca: null, client: null }, /self-signed|unable to/],
    ["is of another name", { client: null, serverName: "redis.example.com" }, /Hostname\/IP does not match/],
  ] as const) {
    test(`refuses a server whose certificate ${what}`, async (t) => {
      const redis = await start(t);
      const opened = await open(t, { topology: single(redis.port), tls: tlsOf(certificates, parts) });
      await eventually("it is told", () => opened.problems.length > 0);
      assert.match(opened.problems.join(), pattern);
      await assert.rejects(opened.client.ping());
    });
  }

  test("goes to sentinels and to the master that they name", async (t) => {
    const redis = await start(t, true);
    const { caFile, server } = certificates;
    const lines = (port: number) => [
      "port 0",
      `tls-port ${port}`,
      `tls-ca-cert-file ${caFile}`,
      `tls-cert-file ${server.certFile}`,
      `tls-key-file ${server.keyFile}`,
      "tls-replication yes",
      `sentinel monitor weir 127.0.0.1 ${redis.port} 1`,
    ];
    const options = { tls: { caFile, ...server } };
    const sentinel = await startConfigured(lines, "+monitor master", options, ["--sentinel"]);
    t.after(() => sentinel.stop());
    const nodes = [{ host: "localhost", port: sentinel.port }];
    const credentials = { kind: "none" } as const;
    const topology: Topology = { kind: "sentinel", name: "weir", nodes, db: 0, credentials };
    const opened = await open(t, { topology, tls: tlsOf(certificates) });
    await untilReady(opened);
    assert.equal(await opened.client.ping(), "PONG");
  });

  test("goes to the nodes of a cluster", async (t) => {
    const { caFile, server } = certificates;
    const tls = { caFile, ...server, clientCertificates: true };
    const redis = await startRedis({ tls, config: ["cluster-enabled yes", "cluster-announce-ip 127.0.0.1"] });
    t.after(() => redis.stop());
    await redis.command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
    const topology: Topology = { kind: "cluster", nodes: [{ host: "localhost", port: redis.port }] };
    const opened = await open(t, { topology, tls: tlsOf(certificates) });
    await msUntilAnswered(opened);
  });

  test("takes files that change, and is not put off by files that make no sense", async (t) => {
    const redis = await start(t, true);
    const folder = await temporaryFolder(t);
    const [ca, cert, key] = ["ca", "cert", "key"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const put = async (from: string, to: string) => {
      await copyFile(from, `${to}.new`);
      await rename(`${to}.new`, to);
    };
    const [ours, theirs] = [certificates, strangers];
    await put(theirs.caFile, ca);
    await put(theirs.client.certFile, cert);
    const opened = await open(t, {
      topology: single(redis.port),
      tls: { ca, client: { cert, key }, serverName: null },
    });
    const told = (pattern: RegExp) =>
      eventually(`${pattern}, not ${opened.problems}`, () =>
        opened.problems.some((text) => pattern.test(text)),
      );
    await told(/cannot read store.tls.key .*key: ENOENT/);
    await put(ours.client.keyFile, key);
    await told(/cannot use store.tls.cert .*cert with store.tls.key .*key: that is the key to another/);
    await put(ours.client.certFile, cert);
    await told(/Redis: .*(self-signed|unable to|signature)/);
    await put(ours.caFile, ca);
    await untilReady(opened);
    assert.equal(await opened.client.ping(), "PONG");
  });

  test("trusts nobody by a file of authorities that is empty", async (t) => {
    const redis = await start(t);
    const ca = join(await temporaryFolder(t), "ca");
    await writeFile(ca, "");
    const opened = await open(t, {
      topology: single(redis.port),
      tls: { ca, client: null, serverName: null },
    });
    assert.deepEqual(opened.problems, [`cannot read store.tls.ca ${ca}: there is no certificate in it`]);
    await assert.rejects(opened.client.ping());
    await copyFile(certificates.caFile, ca);
    await untilReady(opened);
  });
});
