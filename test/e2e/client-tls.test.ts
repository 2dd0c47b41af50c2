import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Stack, startStack } from "../../demo/stack/stack.js";
import { parsePolicy } from "../../src/config/load.js";
import { staticBootstrap } from "../../src/envoy-config/bootstrap.js";
import { SYSTEM_CA_FILE } from "../../src/envoy-config/settings.js";
import { writeYaml } from "../../src/envoy-config/yaml.js";
import { type Certificate, type Certificates, makeCertificates } from "../support/certificates.js";
import { patient } from "./stack.js";

const policy = `
version: 1
anonymous: deny
apis: [{ name: a, version: v1, match: { hosts: [api.example.com], pathPrefix: / }, backends: { production: { url: "http://127.0.0.1:1" } } }]
applications: [{ name: mobile, subscriptions: { a/v1: Unlimited }, credentials: [{ principal: "CN=weir" }] }]
identity: [{ mtls: {} }]
`;

describe("TLS for clients, as weir envoy makes it,", () => {
  let certificates: Certificates;
  let strangers: Certificates;
  let folder: string;
  let stack: Stack;
  before(async () => {
    [certificates, strangers] = await Promise.all([makeCertificates(), makeCertificates()]);
    folder = await mkdtemp(join(tmpdir(), "weir-tls-e2e-"));
    const edit = (printed: string) => {
      const [, weirPort] =
        /- name: weir\n +type[\s\S]*?address: 127\.0\.0\.1\n +port_value: (\d+)/.exec(printed) ?? [];
      const at = (port: number) => ({ kind: "tcp", host: "127.0.0.1", port }) as const;
      const settings = {
        ...{ listen: at(0), admin: at(0), weir: [at(Number(weirPort))], weirTls: null },
        backendCaFile: SYSTEM_CA_FILE,
        listenerTls: { ...certificates.server, clientCaFile: certificates.caFile },
      };
      return patient(writeYaml(staticBootstrap(parsePolicy(policy, "policy"), settings), "For one run."));
    };
    stack = await startStack({ policy, folder, config: { kind: "printed", edit } });
  });
  after(async () => {
    await stack?.stop();
    await certificates.remove();
    await strangers.remove();
    await rm(folder, { recursive: true });
  });

  async function ask(client: Certificate | null): Promise<number> {
    const { caFile } = certificates;
    const shown = client && { cert: await readFile(client.certFile), key: await readFile(client.keyFile) };
    const ca = await readFile(caFile);
    return new Promise((resolve, reject) => {
      const options = {
        host: "localhost",
        port: stack.envoy.port,
        ca,
        agent: false,
        servername: "localhost",
        ...shown,
      };
      const headers = { host: "api.example.com" };
      request({ ...options, headers, path: "/" }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
    });
  }

  test("proves who has a certificate, and lets others come without one", async () => {
    // There is no backend: who passes weir is told so by Envoy.
    assert.equal(await ask(certificates.client), 503);
    assert.equal(await ask(certificates.server), 403);
    assert.equal(await ask(null), 401);
  });

  test("lets nobody in with a certificate of another authority", async () => {
    await assert.rejects(ask(strangers.client), /alert unknown ca|ECONNRESET|unknown CA/i);
  });
});
