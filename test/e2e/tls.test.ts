import assert from "node:assert/strict";
import { appendFile, copyFile, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { Gateway } from "../../demo/gateway.js";
import { type Envoy, startEnvoy } from "../../demo/stack/envoy.js";
import { printConfig } from "../../demo/stack/envoy-config.js";
import { checkStatus, tlsClient } from "../envoy/tls-server.js";
import { type Certificate, type Certificates, makeCertificates } from "../support/certificates.js";
import { credential } from "../support/credential.js";
import { eventually } from "../support/weir.js";
import { envoyStat, putSecret, type UpstreamTls, withTlsToWeir } from "./envoy-tls.js";
import { startTestStack, type TestStack } from "./stack.js";

const policy = `
version: 1
apis:
  - name: orders
    version: v1
    match: { pathPrefix: /orders/v1 }
    resources: [{ match: "GET /limited", limits: [{ requests: 2, per: year }] }]
  - name: chat
    version: v1
    match: { pathPrefix: /chat/v1 }
    ai: { provider: openai, admission: reserve }
    limits: [{ totalTokens: 1000000, per: year }]
applications:
  - name: mobile
    subscriptions: { orders/v1: Unlimited, chat/v1: Unlimited }
    credentials: [${credential("mobile")}]
identity: [{ apiKey: { header: x-api-key } }]
`;

describe("between Envoy and weir, TLS", () => {
  let ours: Certificates;
  let others: Certificates;
  /** Of the test that runs. */
  let folder = "";
  before(async () => {
    [ours, others] = await Promise.all([makeCertificates(), makeCertificates()]);
  });
  after(async () => {
    await ours?.remove();
    await others?.remove();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-e2e-tls-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** The files of weir, and the flags that say where they are. */
  async function weirFiles({ server, caFile }: Certificates) {
    const [cert, key, ca] = ["tls.crt", "tls.key", "ca.crt"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await copyFile(server.certFile, cert);
    await copyFile(server.keyFile, key);
    await copyFile(caFile, ca);
    const own = ["--tls-cert", cert, "--tls-key", key];
    return { cert, key, ca, own, mutual: [...own, "--tls-client-ca", ca] };
  }

  async function startStack(t: TestContext, weirFlags: string[], tls: UpstreamTls): Promise<TestStack> {
    const stack = await startTestStack(policy, (config) => withTlsToWeir(config, tls), { weirFlags });
    t.after(() => stack.stop());
    return stack;
  }

  /** One more Envoy for a weir that is there. */
  async function startAnother(t: TestContext, stack: TestStack, tls: UpstreamTls) {
    const own = await mkdtemp(join(folder, "envoy-"));
    const edit = (config: string) => withTlsToWeir(config, tls);
    const ports = [stack.weir.grpcPort];
    const file = await printConfig(join(stack.folder, "policy.yaml"), own, ports, {}, edit);
    const envoy = await startEnvoy(file, own);
    t.after(() => envoy.stop());
    const gateway = new Gateway(envoy.port);
    t.after(() => gateway.close());
    return { envoy, gateway };
  }

  const get = (path: string) => ({ method: "GET", path, key: "mobile" });
  const healthy = (envoy: Envoy, cluster: string) =>
    envoyStat(envoy, `cluster.${cluster}.membership_healthy`);

  test("carries decisions, admission, metering and health checks", async (t) => {
    const { own } = await weirFiles(ours);
    const stack = await startStack(t, own, { caFile: ours.caFile });
    const { gateway, envoy, weir } = stack;
    for (const status of [200, 200, 429]) {
      assert.equal((await gateway.one(get("/orders/v1/limited"))).status, status);
    }
    assert.equal((await gateway.chat("mobile", true)).status, 200);
    await stack.settled();
    assert.equal(await weir.metric("weir_unadmitted_total"), 0);
    for (const cluster of ["weir", "weir_ai"]) {
      await eventually(`${cluster} is healthy`, async () => (await healthy(envoy, cluster)) === 1);
      assert.ok((await envoyStat(envoy, `cluster.${cluster}.ssl.handshake`)) > 0);
      assert.equal(await envoyStat(envoy, `cluster.${cluster}.health_check.failure`), 0);
    }
  });

  test("lets no Envoy in without a certificate of the authority", async (t) => {
    const { mutual } = await weirFiles(ours);
    const { caFile } = ours;
    const secretFile = await putSecret(folder, ours.client);
    const stack = await startStack(t, mutual, { caFile, secretFile });
    const strange = await mkdtemp(join(folder, "strange-"));
    for (const tls of [{ caFile }, { caFile, secretFile: await putSecret(strange, others.client) }]) {
      const { envoy, gateway } = await startAnother(t, stack, tls);
      assert.equal((await gateway.one(get("/orders/v1/1"))).status, 503);
      assert.equal(await healthy(envoy, "weir"), 0);
      assert.equal(await stack.weir.metric("weir_decisions_total"), 0);
    }
    assert.equal((await stack.gateway.one(get("/orders/v1/1"))).status, 200);
    const { envoy, gateway } = await startAnother(t, stack, { caFile, secretFile });
    assert.equal((await gateway.one(get("/orders/v1/1"))).status, 200);
    await eventually("weir is healthy", async () => (await healthy(envoy, "weir")) === 1);
    assert.equal(await stack.weir.metric("weir_decisions_total"), 2);
  });

  test("loses no request while everybody's certificate and authority are replaced", async (t) => {
    const { cert, key, ca, mutual } = await weirFiles(ours);
    const either = join(folder, "either.crt");
    await copyFile(ours.caFile, either);
    await appendFile(either, await readFile(others.caFile));
    const secretFile = await putSecret(folder, ours.client);
    // Envoy opens connections all the time, so that every state of the files sees some.
    const tls = { caFile: either, secretFile, requestsPerConnection: 20 };
    const { gateway, envoy, weir } = await startStack(t, mutual, tls);

    /** Of all requests so far. */
    const statuses: number[] = [];
    let flowing = true;
    const put = async (from: string, to: string) => {
      await copyFile(from, `${to}.new`);
      await rename(`${to}.new`, to);
    };
    const taken = async () =>
      (await readFile(weir.logFile, "utf8")).split("changed TLS files are in use").length - 1;
    const handshakes = () => envoyStat(envoy, "cluster.weir.ssl.handshake");
    /** Changes something, waits until it is in force and then until it was put to the test. */
    const step = async (what: string, change: () => Promise<unknown>, count: () => Promise<number>) => {
      const [before, answered] = [await count(), statuses.length];
      await change();
      await eventually(`${what} is in force`, async () => (await count()) > before);
      const then = await handshakes();
      const enough = async () => (await handshakes()) >= then + 10 && statuses.length > answered + 100;
      await eventually(`${what} is put to the test`, enough, 15_000);
    };

    const flow = async () => {
      while (flowing) statuses.push((await gateway.one(get("/orders/v1/1"))).status);
    };
    const flows = Array.from({ length: 8 }, flow);
    t.after(() => {
      flowing = false;
    });
    const show = (client: Certificate) => () => putSecret(folder, client);
    const secrets = () =>
      envoyStat(envoy, "cluster.weir.client_ssl_socket_factory.ssl_context_update_by_sds");
    await step("either authority", () => put(either, ca), taken);
    await step("Envoy's certificate", show(others.client), secrets);
    const replacePair = async () => {
      await put(others.server.keyFile, key);
      await put(others.server.certFile, cert);
    };
    await step("weir's certificate", replacePair, taken);
    await step("the other authority", () => put(others.caFile, ca), taken);
    flowing = false;
    await Promise.all(flows);

    assert.deepEqual([...new Set(statuses)], [200]);
    const failed = [
      "ssl.connection_error",
      "ssl.fail_verify_error",
      "ssl.fail_verify_san",
      "upstream_cx_connect_fail",
    ];
    for (const name of failed) assert.equal(await envoyStat(envoy, `cluster.weir.${name}`), 0, name);
    assert.equal(await checkStatus(await tlsClient(t, weir.grpcPort, others, others.client)), status.OK);
    assert.equal(
      await checkStatus(await tlsClient(t, weir.grpcPort, others, ours.client)),
      status.UNAVAILABLE,
    );
  });
});
