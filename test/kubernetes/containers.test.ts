import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { load } from "js-yaml";
import { type Container, containersOf, examples, flagsOf, type Probe } from "./manifests.js";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
const compose = load(readFileSync("docker-compose.yml", "utf8")) as {
  services: { envoy: { image: string } };
};

/** The images that the examples run; `redis` is a version that exists, and no other file names one. */
const images = [
  `weir:${version}`,
  `weir-doubles:${version}`,
  compose.services.envoy.image,
  "redis:7.4.2-bookworm",
];

const probesOf = ({ startupProbe, readinessProbe, livenessProbe }: Container) =>
  [startupProbe, readinessProbe, livenessProbe].filter((probe) => probe !== undefined);

/** The ports that a probe asks, names resolved. */
function portsOf({ httpGet, tcpSocket, grpc, exec }: Probe, { ports = [] }: Container): number[] {
  const asked = [httpGet, tcpSocket, grpc].flatMap((action) => action?.port ?? []);
  // Of Envoy's, which ask its admin port by bash, and Redis's.
  const scripted = [...(exec?.command.join(" ") ?? "").matchAll(/(?:127\.0\.0\.1\/|-p )(\d+)/g)];
  return [
    ...asked.map((port) => ports.find(({ name }) => name === port)?.containerPort ?? Number(port)),
    ...scripted.map(([, port]) => Number(port)),
  ];
}

for (const example of examples) {
  for (const { metadata, spec } of example.all("Deployment")) {
    const pod = spec.template.spec;
    describe(`${example.folder}: the pods of ${metadata.name}`, () => {
      test("run as nobody in particular, know no account and are told of no services", () => {
        const { automountServiceAccountToken, enableServiceLinks, securityContext } = pod;
        assert.deepEqual([automountServiceAccountToken, enableServiceLinks], [false, false]);
        assert.equal(securityContext.runAsNonRoot, true);
        assert.deepEqual(securityContext.seccompProfile, { type: "RuntimeDefault" });
      });

      for (const container of containersOf(pod)) {
        const { name } = container;

        test(`${name} is an image that is known by its version`, () => {
          assert.ok(images.includes(container.image), container.image);
        });

        test(`${name} may do nothing that it need not`, () => {
          const { runAsUser = 0, ...locks } = container.securityContext ?? {};
          assert.ok(runAsUser > 0);
          assert.equal(locks.allowPrivilegeEscalation, false);
          assert.equal(locks.readOnlyRootFilesystem, true);
          assert.deepEqual(locks.capabilities, { drop: ["ALL"] });
        });

        test(`${name} says what it needs, and has an end to its memory`, () => {
          const { requests, limits } = container.resources ?? {};
          assert.ok(requests?.["cpu"] && requests["memory"] && limits?.["memory"]);
        });

        test(`${name} is asked whether it is well where it serves, on ports that it has`, () => {
          const { ports = [], readinessProbe, livenessProbe } = container;
          if (ports.length > 0) assert.ok(readinessProbe && livenessProbe);
          const [, adminPort] = /:(\d+)$/.exec(flagsOf(container.args).get("admin") ?? adminOfEnvoy()) ?? [];
          const there = [...ports.map(({ containerPort }) => containerPort), Number(adminPort)];
          const asked = probesOf(container).flatMap((probe) => portsOf(probe, container));
          if (ports.length > 0) assert.ok(asked.length > 0);
          for (const port of asked) assert.ok(there.includes(port), `${port}`);
        });
      }

      test("have each port once", () => {
        const ports = containersOf(pod).flatMap(({ ports = [] }) => ports);
        assert.equal(new Set(ports.map(({ name }) => name)).size, ports.length);
        assert.equal(new Set(ports.map(({ containerPort }) => containerPort)).size, ports.length);
      });
    });

    /** Envoy's admin port is in what its sidecar writes. */
    function adminOfEnvoy(): string {
      const flags = containersOf(pod).map(({ args }) => flagsOf(args));
      return flags.find((flags) => flags.has("out"))?.get("admin") ?? "";
    }
  }
}
