import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { findEnvoy } from "../../demo/stack/envoy.js";
import { answersOk, type Child, startChild, waitUntil } from "../../demo/stack/process.js";
import { findRedis, takePort } from "../../demo/stack/redis.js";
import { type Container, containerOf, exampleOf, type Probe, podOf } from "./manifests.js";

/** The scripts of the manifests do what they are for, with programs of this machine in place of the images'. */

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-kubernetes-"));
});
after(() => rm(folder, { recursive: true }));

const scriptOf = (action: Pick<Probe, "exec"> | undefined) => action?.exec?.command.at(-1) ?? assert.fail();

/** Puts others in place of what the script names. Throws where it does not name that. */
function put(script: string, places: Readonly<Record<string, string>>): string {
  return Object.entries(places).reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `${from} in ${text}`);
    return text.replaceAll(from, to);
  }, script);
}

function succeeds(command: "node" | "bash" | "sh", script: string): boolean {
  const [program, flag] = command === "node" ? [process.execPath, "-e"] : [command, "-c"];
  return spawnSync(program, [flag, script], { timeout: 10_000 }).status === 0;
}

const envoys = [
  ["sidecar", "orders"],
  ["shared-service", "gateway"],
] as const;

for (const [name, deployment] of envoys) {
  const pod = podOf(exampleOf(name), deployment);

  test(`${name}: Envoy is held back until all files of its configuration are there`, async () => {
    const script = put(scriptOf(containerOf(pod, "envoy-config").startupProbe), {
      "/etc/envoy/weir": folder,
    });
    const files = ["envoy", "listeners", "routes", "clusters"].map((part) => join(folder, `${part}.yaml`));
    for (const file of files) await writeFile(file, "");
    assert.equal(succeeds("node", script), true);
    for (const file of files) {
      await rm(file);
      assert.equal(succeeds("node", script), false, file);
      await writeFile(file, "");
    }
    for (const file of files) await rm(file);
  });

  describe(`${name}: Envoy`, () => {
    let child: Child;
    let admin = "";
    const envoy = containerOf(pod, "envoy");
    const atAdmin = (script: string, port: string | number) =>
      put(script, { "127.0.0.1/9901": `127.0.0.1/${port}` });
    const adminPort = () => admin.split(":")[1] ?? "";

    before(async () => {
      ({ child, admin } = await startEnvoyOf(envoy, join(folder, name)));
    });
    after(() => child.stop());

    test("is well while it answers on its admin port, and not when nothing does", async () => {
      const script = scriptOf(envoy.livenessProbe);
      assert.equal(succeeds("bash", atAdmin(script, adminPort())), true);
      assert.equal(succeeds("bash", atAdmin(script, await takePort())), false);
    });

    test("goes on before it stops, and asks its clients for new connections", async () => {
      const text = await (await fetch(`http://${admin}/listeners`)).text();
      const [, address = ""] = /::(127\.0\.0\.1:\d+)/.exec(text) ?? [];
      const connection = async () => (await fetch(`http://${address}/`)).headers.get("connection");
      assert.notEqual(await connection(), "close");
      const script = scriptOf(envoy.lifecycle?.preStop);
      assert.match(script, /^sleep \d+$/m);
      assert.equal(succeeds("bash", atAdmin(script, adminPort()).replace(/^sleep \d+$/m, "")), true);
      assert.equal(await connection(), "close");
    });
  });
}

/** Envoy with the arguments of the container, and a configuration that answers everything. */
async function startEnvoyOf(
  { args = [] }: Container,
  name: string,
): Promise<{ child: Child; admin: string }> {
  const type = "type.googleapis.com/envoy.extensions.filters";
  const router = { name: "router", typed_config: { "@type": `${type}.http.router.v3.Router` } };
  const routes = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
  const typed_config = {
    "@type": `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "gateway",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [router],
  };
  const address = { socket_address: { address: "127.0.0.1", port_value: 0 } };
  const filter_chains = [{ filters: [{ name: "http", typed_config }] }];
  const config = { admin: { address }, static_resources: { listeners: [{ address, filter_chains }] } };
  const [file, adminFile] = [`${name}.json`, `${name}-admin.txt`];
  await writeFile(file, JSON.stringify(config));
  const given = args.map((arg) => (arg === "/etc/envoy/weir/envoy.yaml" ? file : arg));
  assert.ok(given.includes(file));
  const child = startChild(findEnvoy(), [...given, "--admin-address-path", adminFile], `${name}.log`);
  const admin = async () => (await readFile(adminFile, "utf8").catch(() => "")).trim();
  await waitUntil("Envoy", async () => answersOk(`http://${await admin()}/ready`), child);
  return { child, admin: await admin() };
}

test("shared-service: Redis takes its password from the Secret, writes to its volume and ends when asked", async () => {
  const redis = containerOf(podOf(exampleOf("shared-service"), "redis"), "redis");
  const [port, password] = [await takePort(), join(folder, "password")];
  await writeFile(password, "correct horse");
  const secret = { "/run/secrets/redis/password": password };
  const start = put(redis.command?.at(-1) ?? "", {
    ...secret,
    "--port 6379": `--port ${port} --bind 127.0.0.1`,
    "/data": folder,
  });
  const PATH = `${dirname(findRedis())}:$PATH`;
  const child = startChild("sh", ["-c", `PATH="${PATH}"\n${start}`], join(folder, "redis.log"));
  const pid = () => Number(/ pid=(\d+)/.exec(child.tail())?.[1]);
  try {
    await waitUntil("Redis", async () => child.tail().includes("Ready to accept connections"), child);
    const probe = put(scriptOf(redis.livenessProbe), { ...secret, "-p 6379": `-p ${port}` });
    assert.equal(succeeds("sh", probe), true);
    await writeFile(password, "wrong");
    assert.equal(succeeds("sh", probe), false);
    assert.ok((await readFile(join(folder, "appendonlydir", "appendonly.aof.manifest"), "utf8")).length > 0);
    // The kubelet's SIGTERM goes to the first process of the container and no further.
    assert.equal(pid(), child.pid);
  } finally {
    await child.stop();
    if (pid() > 0 && pid() !== child.pid) process.kill(pid(), "SIGKILL");
  }
  assert.equal(await child.exited, 0);
});
