import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { appendFile, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { type Stack, startStack } from "../../demo/stack/stack.js";
import { parsePolicy } from "../../src/config/load.js";
import { publishResources } from "../../src/envoy-config/publish.js";
import { dynamicBootstrap, resourcesOf } from "../../src/envoy-config/resources.js";
import { SYSTEM_CA_FILE } from "../../src/envoy-config/settings.js";
import { writeYaml } from "../../src/envoy-config/yaml.js";
import { type Certificate, type Certificates, makeCertificates } from "../support/certificates.js";
import { eventually } from "../support/weir.js";
import { envoyStat } from "./envoy-tls.js";
import { type MountedSecret, mountSecret, put } from "./mounted-secret.js";
import { patient } from "./stack.js";

const policy = `
version: 1
apis: [{ name: a, version: v1, match: { pathPrefix: / }, backends: { production: { url: "http://backend-production:8080" } } }]
`;

describe("an Envoy that follows its files takes anew", () => {
  let ours: Certificates;
  let others: Certificates;
  let folder: string;
  /** Both authorities. */
  let either: string;
  /** What Envoy reads. */
  let files: Record<"clientCa" | "weirCert" | "weirKey" | "cert" | "key" | "broken", string>;
  let listenerSecret: MountedSecret;
  let weirCa: MountedSecret;
  /** What weir reads. */
  let weirFiles: Record<"cert" | "key", string>;
  let stack: Stack;
  before(async () => {
    [ours, others] = await Promise.all([makeCertificates(), makeCertificates()]);
    folder = await mkdtemp(join(tmpdir(), "weir-secrets-"));
    const at = (name: string) => join(folder, name);
    either = at("either.crt");
    await copyFile(ours.caFile, either);
    await appendFile(either, await readFile(others.caFile));
    files = {
      ...{ cert: at("listener/tls.crt"), key: at("listener/tls.key"), clientCa: at("clients.crt") },
      ...{ weirCert: at("envoy.crt"), weirKey: at("envoy.key"), broken: at("broken.crt") },
    };
    weirFiles = { cert: at("weir.crt"), key: at("weir.key") };
    await writeFile(files.broken, "-----BEGIN CERTIFICATE-----\nbroken\n");
    listenerSecret = await mountSecret(at("listener"), secretOf(ours.server));
    weirCa = await mountSecret(at("weir-ca"), { "ca.crt": ours.caFile });
    for (const [from, to] of [
      [ours.caFile, files.clientCa],
      [ours.client.certFile, files.weirCert],
      [ours.client.keyFile, files.weirKey],
      [ours.server.certFile, weirFiles.cert],
      [ours.server.keyFile, weirFiles.key],
    ] as const)
      await copyFile(from, to);
    const weirFlags = ["--tls-cert", weirFiles.cert, "--tls-key", weirFiles.key, "--tls-client-ca", either];
    stack = await startStack({ policy, folder, config: { kind: "printed", edit: publish }, weirFlags });
  });
  after(async () => {
    await stack?.stop();
    await ours.remove();
    await others.remove();
    await rm(folder, { recursive: true });
  });

  const secretOf = ({ certFile, keyFile }: Certificate) => ({ "tls.crt": certFile, "tls.key": keyFile });

  /** As `weir envoy --out` does, for the weir that was printed; Envoy opens connections to it all the time. */
  async function publish(printed: string, policy: string): Promise<string> {
    const [, weirPort] =
      /- name: weir\n +type[\s\S]*?address: 127\.0\.0\.1\n +port_value: (\d+)/.exec(printed) ?? [];
    const at = (port: number) => ({ kind: "tcp", host: "127.0.0.1", port }) as const;
    const out = join(folder, "out");
    const settings = {
      ...{ listen: at(0), admin: at(0), weir: [at(Number(weirPort))], backendCaFile: SYSTEM_CA_FILE },
      listenerTls: { certFile: files.cert, keyFile: files.key, clientCaFile: files.clientCa },
      weirTls: {
        caFile: join(folder, "weir-ca/ca.crt"),
        client: { certFile: files.weirCert, keyFile: files.weirKey },
        serverName: "localhost",
      },
    };
    await publishResources(out, resourcesOf(parsePolicy(policy, "policy"), settings, out), 0, "in use");
    const listeners = join(out, "listeners.yaml");
    await writeFile(listeners, patient(await readFile(listeners, "utf8")));
    const bootstrap = writeYaml(dynamicBootstrap(settings, out), "For one run.");
    const options = "explicit_http_config:";
    const often = bootstrap.replace(
      options,
      `common_http_protocol_options: { max_requests_per_connection: 20 }\n          ${options}`,
    );
    assert.notEqual(often, bootstrap);
    return often;
  }

  interface Answer {
    readonly status: number;
    /** The fingerprint of the certificate that Envoy showed. */
    readonly shown: string;
  }

  async function ask(client: Certificate | null, agent: Agent | false = false): Promise<Answer> {
    const own = client && { cert: await readFile(client.certFile), key: await readFile(client.keyFile) };
    const ca = await readFile(either);
    return new Promise((resolve, reject) => {
      const options = { host: "localhost", port: stack.envoy.port, ca, agent, path: "/", ...own };
      request(options, (response) => {
        const shown = (response.socket as TLSSocket).getPeerCertificate().fingerprint256;
        response.on("error", reject).on("end", () => resolve({ status: response.statusCode ?? 0, shown }));
        response.resume();
      })
        .on("error", reject)
        .end();
    });
  }

  const shown = async () => (await ask(null)).shown;
  const fingerprint = async ({ certFile }: Certificate) =>
    new X509Certificate(await readFile(certFile)).fingerprint256;
  const isShown = (server: Certificate) =>
    eventually("the certificate is shown", async () => (await shown()) === (await fingerprint(server)));
  const stat = (name: string) => envoyStat(stack.envoy, name);
  const more = async (name: string, change: () => Promise<unknown>) => {
    const before = await stat(name);
    await change();
    await eventually(`${name} goes up`, async () => (await stat(name)) > before);
  };

  /** While `change` happens, clients never stop: on connections that they keep, and on new ones. All get an answer. */
  async function underLoad(change: () => Promise<void>): Promise<void> {
    const statuses: number[] = [];
    const kept = new Agent({ keepAlive: true });
    let going = true;
    const client = async (agent: Agent | false) => {
      while (going) statuses.push((await ask(null, agent)).status);
    };
    const clients = Promise.all([kept, kept, false, false].map((agent) => client(agent as Agent | false)));
    try {
      await Promise.race([change(), clients]);
    } finally {
      going = false;
    }
    await clients;
    kept.destroy();
    assert.ok(statuses.length > 10, `${statuses.length} requests`);
    assert.deepEqual([...new Set(statuses)], [200]);
  }

  test("the certificate for clients when the kubelet replaces it", () =>
    underLoad(async () => {
      assert.equal(await shown(), await fingerprint(ours.server));
      await listenerSecret.replace(secretOf(others.server));
      await isShown(others.server);
      await listenerSecret.replace(secretOf(ours.server));
      await isShown(ours.server);
    }));

  test("the certificate for clients when files are renamed, once the key and it belong together", () =>
    underLoad(async () => {
      await more("sds.tls-cert.key_rotation_failed", () => put(others.server.keyFile, files.key));
      assert.equal(await shown(), await fingerprint(ours.server));
      await put(others.server.certFile, files.cert);
      await isShown(others.server);
    }));

  test("no certificate for clients that is broken", () =>
    underLoad(async () => {
      await put(ours.server.keyFile, files.key);
      await put(ours.server.certFile, files.cert);
      await isShown(ours.server);
      await more("sds.tls-cert.key_rotation_failed", () => put(files.broken, files.cert));
      assert.equal(await shown(), await fingerprint(ours.server));
      await put(others.server.keyFile, files.key);
      await put(others.server.certFile, files.cert);
      await isShown(others.server);
    }));

  test("who vouches for clients", () =>
    underLoad(async () => {
      await assert.rejects(ask(others.client), /alert unknown ca|ECONNRESET|unknown CA/i);
      await put(others.caFile, files.clientCa);
      const answers = (client: Certificate) =>
        ask(client).then(
          ({ status }) => status,
          () => null,
        );
      await eventually("the others are let in", async () => (await answers(others.client)) === 200);
      assert.equal(await answers(ours.client), null);
      await more("sds.tls-client-ca.key_rotation_failed", () => put(files.broken, files.clientCa));
      assert.equal(await answers(others.client), 200);
    }));

  test("who vouches for weir, and what it shows to weir", () =>
    underLoad(async () => {
      const handshakes = () => stat("cluster.weir.ssl.handshake");
      /** On connections that are opened from now on. */
      const tested = async (what: string) => {
        const then = await handshakes();
        await eventually(`${what} is put to the test`, async () => (await handshakes()) > then + 5, 15_000);
      };
      const step = async (what: string, change: () => Promise<unknown>) => {
        await more("cluster.weir.client_ssl_socket_factory.ssl_context_update_by_sds", change);
        await tested(what);
      };
      await step("either authority", () => weirCa.replace({ "ca.crt": either }));
      await step("Envoy's certificate", async () => {
        await put(others.client.keyFile, files.weirKey);
        await put(others.client.certFile, files.weirCert);
      });
      const log = () => readFile(stack.weir.logFile, "utf8");
      await put(others.server.keyFile, weirFiles.key);
      await put(others.server.certFile, weirFiles.cert);
      await eventually("weir's certificate", async () =>
        (await log()).includes("changed TLS files are in use"),
      );
      await step("the other authority", () => weirCa.replace({ "ca.crt": others.caFile }));
      await more("sds.weir-ca.key_rotation_failed", () => weirCa.replace({ "ca.crt": files.broken }));
      await tested("what was there before");
      for (const name of ["connection_error", "fail_verify_error", "fail_verify_san"])
        assert.equal(await stat(`cluster.weir.ssl.${name}`), 0, name);
    }));
});
