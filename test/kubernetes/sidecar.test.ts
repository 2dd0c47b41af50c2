import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { load } from "js-yaml";
import { Gateway } from "../../demo/gateway.js";
import { type Backend, startBackend } from "../../demo/stack/backend.js";
import { findEnvoy } from "../../demo/stack/envoy.js";
import { answersOk, type Child, startChild, waitUntil } from "../../demo/stack/process.js";
import { NODE_FLAGS } from "../../demo/stack/weir.js";
import { eventually } from "../support/weir.js";
import { containerOf, exampleOf, flagOf, podOf } from "./manifests.js";

const policy = `
version: 1
apis: [{ name: orders, version: v1, match: { pathPrefix: /orders/v1 }, limits: [{ requests: 20, per: year }] }]
unmatched: deny
`;

interface Cluster {
  name: string;
  type: string;
  load_assignment: { endpoints: unknown[] };
}

/** envoy/envoy.yaml on free ports, with weir on a socket and one backend. */
async function envoyConfig(socket: string, backendPort: number): Promise<unknown> {
  const local = (port_value: number) => ({ socket_address: { address: "127.0.0.1", port_value } });
  const text = await readFile("envoy/envoy.yaml", "utf8");
  // Suites share the machine, and none is about time.
  const patient = text.replace("timeout: 0.25s\n", "timeout: 10s\n");
  assert.notEqual(patient, text);
  const config = load(patient) as {
    admin: { address: object };
    static_resources: { listeners: { address: object }[]; clusters: Cluster[] };
  };
  config.admin.address = local(0);
  for (const listener of config.static_resources.listeners) listener.address = local(0);
  for (const cluster of config.static_resources.clusters) {
    const address = cluster.name.startsWith("weir") ? { pipe: { path: socket } } : local(backendPort);
    cluster.type = "STATIC";
    cluster.load_assignment.endpoints = [{ lb_endpoints: [{ endpoint: { address } }] }];
  }
  return config;
}

describe("Envoy and weir in one pod, on a Unix socket", () => {
  const manifest = containerOf(podOf(exampleOf("sidecar"), "orders"), "weir");
  let folder = "";
  let socket = "";
  let backend: Backend;
  let weir: Child;
  let envoy: Child;
  let gateway: Gateway;

  /** With the manifest's own arguments; folders and ports are the test's. */
  async function startWeir(): Promise<Child> {
    const main = join(import.meta.dirname, "../../src/main.js");
    const args = (manifest.args ?? []).map((arg) =>
      arg.replace("/etc/weir", folder).replace("/run/weir", folder).replace("0.0.0.0:9192", "127.0.0.1:0"),
    );
    const child = startChild(process.execPath, [...NODE_FLAGS, main, ...args], join(folder, "weir.log"));
    await waitUntil("weir", async () => child.tail().includes('"weir serves"'), child);
    return child;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-sidecar-"));
    socket = flagOf(manifest, "grpc").replace("unix:/run/weir", folder);
    await writeFile(join(folder, "policy.yaml"), policy);
    backend = await startBackend("orders");
    weir = await startWeir();
    const [file, adminFile] = [join(folder, "envoy.json"), join(folder, "envoy-admin.txt")];
    await writeFile(file, JSON.stringify(await envoyConfig(socket, backend.port)));
    const args = [
      "-c",
      file,
      "--concurrency",
      "2",
      "--disable-hot-restart",
      "--admin-address-path",
      adminFile,
    ];
    envoy = startChild(findEnvoy(), [...args, "--log-level", "warn"], join(folder, "envoy.log"));
    const admin = async () => (await readFile(adminFile, "utf8").catch(() => "")).trim();
    await waitUntil("Envoy", async () => answersOk(`http://${await admin()}/ready`), envoy);
    const listeners = await (await fetch(`http://${await admin()}/listeners`)).text();
    gateway = new Gateway(Number(/::127\.0\.0\.1:(\d+)/.exec(listeners)?.[1]), 20);
  });
  after(async () => {
    gateway?.close();
    for (const part of [envoy, weir, backend]) await part?.stop();
    await rm(folder, { recursive: true });
  });

  const ask = { method: "GET", path: "/orders/v1/items", key: null };
  const untilAnswered = (status: number) =>
    eventually(
      `${status} for what no API matches`,
      async () => (await gateway.one({ ...ask, path: "/other" })).status === status,
      15_000,
    );

  test("only weir's own user may open the socket", async () => {
    assert.equal((await stat(socket)).mode & 0o022, 0);
  });

  test("weir answers where the kubelet asks it", async () => {
    const [, admin = ""] = /"admin":"([^"]+)"/.exec(weir.tail()) ?? [];
    const { startupProbe, readinessProbe, livenessProbe } = manifest;
    const paths = [startupProbe, readinessProbe, livenessProbe].map((probe) => probe?.httpGet?.path);
    assert.deepEqual(paths, ["/readyz", "/readyz", "/healthz"]);
    for (const path of paths) assert.ok(await answersOk(`http://${admin}${path}`), path);
  });

  test("a limit admits what it says and no more", async () => {
    const answers = await gateway.many(60, ask);
    const count = (wanted: number) => answers.filter(({ status }) => status === wanted).length;
    assert.deepEqual([count(200), count(429), backend.requests], [20, 40, 20]);
  });

  test("Envoy finds a weir again that was killed and came back to the same socket", async () => {
    await untilAnswered(404);
    weir.kill("SIGKILL");
    await weir.exited;
    assert.ok(existsSync(socket));
    await untilAnswered(503);
    weir = await startWeir();
    await untilAnswered(404);
  });

  test("weir stops at once when it is asked to, as its only Envoy has gone before", async () => {
    await envoy.stop();
    weir.kill("SIGTERM");
    assert.equal(await weir.exited, 0);
    assert.equal(existsSync(socket), false);
  });
});
