import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { findEnvoy } from "../../demo/stack/envoy.js";
import { parseAddress } from "../../src/net/address.js";
import { runCommand } from "../cli/terminal.js";
import {
  type Container,
  containerOf,
  containersOf,
  exampleOf,
  examples,
  flagOf,
  flagsOf,
  podOf,
  runningWeir,
} from "./manifests.js";

const mountOf = ({ volumeMounts = [] }: Container, path: string) =>
  volumeMounts.find(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`));

const portOf = (address: string) => {
  const parsed = parseAddress(address);
  return parsed?.kind === "tcp" ? parsed.port : assert.fail(address);
};

for (const example of examples) {
  describe(`${example.folder}: the command lines`, () => {
    test("of weir serve have flags that there are, with addresses where it can listen", async () => {
      const { out: help } = await runCommand(["serve", "--help"]);
      const running = runningWeir(example, "serve");
      assert.equal(running.length, 1);
      for (const { container } of running) {
        for (const name of flagsOf(container.args).keys()) assert.ok(help.includes(` --${name} `), name);
        const addresses = ["grpc", "admin"].map((name) => flagOf(container, name));
        for (const address of addresses) assert.ok(parseAddress(address), address);
      }
    });

    test("of weir envoy have flags that there are", async () => {
      const { out: help } = await runCommand(["envoy", "--help"]);
      const running = runningWeir(example, "envoy");
      assert.equal(running.length, 1);
      for (const { container } of running) {
        for (const name of flagsOf(container.args).keys()) assert.match(help, new RegExp(`--${name}\\b`));
      }
    });

    test("of Envoy have flags that there are", () => {
      const { stdout: help } = spawnSync(findEnvoy(), ["--help"], { encoding: "utf8" });
      const envoys = example
        .all("Deployment")
        .flatMap(({ spec }) => containersOf(spec.template.spec))
        .filter(({ name }) => name === "envoy");
      assert.equal(envoys.length, 1);
      for (const { args } of envoys) {
        for (const name of flagsOf(args).keys()) assert.match(help, new RegExp(`--${name}\\s`));
      }
    });

    test("read the policy from the volume of a ConfigMap that has it", () => {
      for (const command of ["serve", "envoy"] as const) {
        for (const { pod, container } of runningWeir(example, command)) {
          const file = container.args?.[1] ?? "";
          const mount = mountOf(container, file);
          const volume = pod.volumes.find(({ name }) => name === mount?.name);
          const map = example
            .all("ConfigMap")
            .find(({ metadata }) => metadata.name === volume?.configMap?.name);
          assert.ok(map?.data[file.slice(dirname(file).length + 1)], file);
        }
      }
    });

    test("have Envoy read what its sidecar writes, listen on its port, and keep its admin port to itself", () => {
      for (const { pod, container } of runningWeir(example, "envoy")) {
        const envoy = containerOf(pod, "envoy");
        const out = flagOf(container, "out");
        assert.equal(flagOf(envoy, "config-path"), `${out}/envoy.yaml`);
        assert.equal(mountOf(container, out)?.name, mountOf(envoy, out)?.name);
        assert.deepEqual(
          [mountOf(container, out)?.readOnly, mountOf(envoy, out)?.readOnly],
          [undefined, true],
        );
        const [port] = envoy.ports ?? [];
        assert.equal(portOf(flagOf(container, "listen")), port?.containerPort);
        assert.match(flagOf(container, "admin"), /^127\.0\.0\.1:/);
        const probed = container.startupProbe?.exec?.command.at(-1) ?? "";
        assert.ok(probed.includes(`\`${out}/\${part}.yaml\``), probed);
      }
    });
  });
}

describe("weir is where Envoy asks it:", () => {
  test("in the sidecar on a socket that one user alone can open, and two containers alone can see", () => {
    const pod = podOf(exampleOf("sidecar"), "orders");
    const [weir, keeper, envoy] = ["weir", "envoy-config", "envoy"].map((name) => containerOf(pod, name));
    assert.ok(weir && keeper && envoy);
    const address = flagOf(weir, "grpc");
    assert.equal(flagOf(keeper, "weir"), address);
    const path = address.replace(/^unix:/, "");
    const volume = mountOf(weir, path)?.name;
    const seeing = containersOf(pod).filter(({ volumeMounts = [] }) =>
      volumeMounts.some(({ name }) => name === volume),
    );
    assert.deepEqual(seeing, [weir, envoy]);
    assert.equal(mountOf(envoy, path)?.name, volume);
    assert.equal(envoy.securityContext?.runAsUser, weir.securityContext?.runAsUser);
    assert.notEqual(containerOf(pod, "app").securityContext?.runAsUser, weir.securityContext?.runAsUser);
  });

  test("in the shared service behind a headless Service", () => {
    const example = exampleOf("shared-service");
    const weir = containerOf(podOf(example, "weir"), "weir");
    const [name, port] = flagOf(containerOf(podOf(example, "gateway"), "envoy-config"), "weir").split(":");
    const service = example.all("Service").find(({ metadata }) => metadata.name === name);
    assert.equal(service?.spec.clusterIP, "None");
    assert.deepEqual(
      service?.spec.ports.map(({ port }) => port),
      [Number(port)],
    );
    assert.equal(flagOf(weir, "grpc"), `0.0.0.0:${port}`);
  });

  for (const [name, deployment] of [
    ["sidecar", "orders"],
    ["shared-service", "weir"],
  ] as const) {
    test(`its ports in ${name} are those of its flags`, () => {
      const weir = containerOf(podOf(exampleOf(name), deployment), "weir");
      const flags = [flagOf(weir, "grpc"), flagOf(weir, "admin")].filter((flag) => !flag.startsWith("unix:"));
      assert.deepEqual(
        (weir.ports ?? []).map(({ containerPort }) => containerPort),
        flags.map(portOf),
      );
      // The kubelet and Prometheus come from outside the pod.
      for (const flag of flags) assert.match(flag, /^0\.0\.0\.0:/);
    });
  }
});
