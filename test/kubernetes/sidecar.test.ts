import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Gateway } from "../../demo/gateway.js";
import { type Backend, startBackend } from "../../demo/stack/backend.js";
import { type Envoy, startEnvoy } from "../../demo/stack/envoy.js";
import { answersOk, type Child, startChild, waitUntil } from "../../demo/stack/process.js";
import { NODE_FLAGS, WEIR_MAIN } from "../../demo/stack/weir.js";
import { runCommand } from "../cli/terminal.js";
import { patient } from "../e2e/stack.js";
import { eventually } from "../support/weir.js";
import { containerOf, exampleOf, flagOf, podOf } from "./manifests.js";

const policyOf = (backendPort: number) => `
version: 1
apis:
  - name: orders
    version: v1
    match: { pathPrefix: /orders/v1 }
    limits: [{ requests: 20, per: year }]
    backends: { production: { url: "http://127.0.0.1:${backendPort}" } }
unmatched: deny
`;

describe("Envoy and weir in one pod, on a Unix socket", () => {
  const manifest = containerOf(podOf(exampleOf("sidecar"), "orders"), "weir");
  let folder = "";
  let socket = "";
  let backend: Backend;
  let weir: Child;
  let envoy: Envoy;
  let gateway: Gateway;

  /** The manifest's own arguments; folders and ports are the test's. */
  const argumentsOf = (name: string) =>
    (containerOf(podOf(exampleOf("sidecar"), "orders"), name).args ?? []).map((arg) =>
      arg
        .replace(/\/(etc\/envoy\/weir|etc\/weir|run\/weir)/, folder)
        .replace(/(0\.0\.0\.0|127\.0\.0\.1):\d+/, "127.0.0.1:0"),
    );

  async function startWeir(): Promise<Child> {
    const args = [...NODE_FLAGS, WEIR_MAIN, ...argumentsOf("weir")];
    const child = startChild(process.execPath, args, join(folder, "weir.log"));
    await waitUntil("weir", async () => child.tail().includes('"weir serves"'), child);
    return child;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-sidecar-"));
    socket = flagOf(manifest, "grpc").replace("unix:/run/weir", folder);
    backend = await startBackend("orders");
    await writeFile(join(folder, "policy.yaml"), policyOf(backend.port));
    weir = await startWeir();
    // Once, rather than with --watch: nothing changes here.
    const { code } = await runCommand(argumentsOf("envoy-config").filter((arg) => arg !== "--watch"));
    assert.equal(code, 0);
    // Suites share the machine, and none is about time.
    const listeners = join(folder, "listeners.yaml");
    await writeFile(listeners, patient(await readFile(listeners, "utf8")));
    envoy = await startEnvoy(join(folder, "envoy.yaml"), folder);
    gateway = new Gateway(envoy.port, 20);
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
