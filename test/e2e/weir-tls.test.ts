import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { Gateway } from "../../demo/gateway.js";
import { type Envoy, startEnvoy } from "../../demo/stack/envoy.js";
import { runCommand } from "../cli/terminal.js";
import { type Certificates, makeCertificates } from "../support/certificates.js";
import { eventually } from "../support/weir.js";
import { envoyStat } from "./envoy-tls.js";
import { patient, startTestStack, type TestStack } from "./stack.js";

const policy = `
version: 1
anonymous: allow
apis:
  - { name: orders, version: v1, match: { pathPrefix: /orders }, limits: [{ requests: 100, per: year }] }
  - { name: chat, version: v1, match: { pathPrefix: /chat/v1 }, ai: { provider: openai, admission: reserve } }
`;

describe("TLS to weir, as weir envoy makes it,", () => {
  let certificates: Certificates;
  let stack: TestStack;
  before(async () => {
    certificates = await makeCertificates();
    const { server, caFile } = certificates;
    const weirFlags = ["--tls-cert", server.certFile, "--tls-key", server.keyFile, "--tls-client-ca", caFile];
    stack = await startTestStack(policy, undefined, { weirFlags });
  });
  after(async () => {
    await stack?.stop();
    await certificates?.remove();
  });

  /** An Envoy with the configuration of a command line. */
  async function envoyBy(t: TestContext, host: string, ...flags: string[]) {
    const folder = await mkdtemp(join(stack.folder, "envoy-"));
    const at = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    const weir = ["--weir", `${host}:${stack.weir.grpcPort}`, "--weir-ca", certificates.caFile];
    const printed = await runCommand([
      ...["envoy", join(stack.folder, "policy.yaml")],
      ...[...at, ...weir, ...flags],
    ]);
    assert.equal(printed.code, 0, printed.err);
    const file = join(folder, "envoy.yaml");
    await writeFile(file, patient(printed.out));
    const envoy = await startEnvoy(file, folder);
    t.after(() => envoy.stop());
    const gateway = new Gateway(envoy.port);
    t.after(() => gateway.close());
    return { envoy, gateway };
  }

  const shown = () => [
    "--weir-cert",
    certificates.client.certFile,
    "--weir-key",
    certificates.client.keyFile,
  ];
  const orders = { method: "GET", path: "/orders/1", key: null };
  const healthy = (envoy: Envoy, cluster: string) =>
    envoyStat(envoy, `cluster.${cluster}.membership_healthy`);

  for (const [what, host, flags] of [
    ["a name", "localhost", []],
    ["an address", "127.0.0.1", []],
    ["an address and another name", "127.0.0.1", ["--weir-name", "localhost"]],
  ] as const) {
    test(`proves who both are where weir goes by ${what}`, async (t) => {
      const { envoy, gateway } = await envoyBy(t, host, ...shown(), ...flags);
      assert.equal((await gateway.one(orders)).status, 200);
      assert.equal((await gateway.chat("", true)).status, 200);
      for (const cluster of ["weir", "weir_ai"]) {
        await eventually(`${cluster} is healthy`, async () => (await healthy(envoy, cluster)) === 1);
        assert.ok((await envoyStat(envoy, `cluster.${cluster}.ssl.handshake`)) > 0);
      }
    });
  }

  test("lets nothing pass without a certificate, or by a weir of another name", async (t) => {
    const bare = await envoyBy(t, "localhost");
    assert.equal((await bare.gateway.one(orders)).status, 503);
    const misled = await envoyBy(t, "localhost", ...shown(), "--weir-name", "other.example.com");
    assert.equal((await misled.gateway.one(orders)).status, 503);
    assert.ok((await envoyStat(misled.envoy, "cluster.weir.ssl.fail_verify_san")) > 0);
  });
});
