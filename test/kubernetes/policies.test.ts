import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePolicy } from "../../src/config/load.js";
import { containerOf, type Example, exampleOf, examples, podOf } from "./manifests.js";

function policyOf(example: Example) {
  const [map, ...others] = example.all("ConfigMap");
  assert.deepEqual(others, []);
  return parsePolicy(map?.data["policy.yaml"] ?? "", `${example.folder}: policy.yaml`);
}

describe("the policies of the Kubernetes examples", () => {
  for (const example of examples) {
    test(`${example.folder} has one that loads without a warning, and lets pass nothing else`, () => {
      const { policy, file, warnings } = policyOf(example);
      assert.deepEqual(warnings, []);
      assert.ok(policy.limits.size > 0);
      assert.equal(file.unmatched, "deny");
      for (const { backends } of file.apis ?? []) assert.ok(backends?.production?.url);
    });
  }

  test("the sidecar's sends requests to the app in the pod, and counts in memory", () => {
    const { file } = policyOf(exampleOf("sidecar"));
    const [port] = containerOf(podOf(exampleOf("sidecar"), "orders"), "app").ports ?? [];
    for (const { backends } of file.apis ?? []) {
      assert.equal(backends?.production?.url, `http://127.0.0.1:${port?.containerPort}`);
    }
    assert.equal(file.store?.kind, "memory");
  });

  test("the shared service's counts in the Redis beside it, with the password that weir's pods have", () => {
    const example = exampleOf("shared-service");
    const { store } = policyOf(example).file;
    assert.ok(store?.kind === "redis" && store.url && store.password?.file);
    const { hostname, port } = new URL(store.url);
    const service = example.all("Service").find(({ metadata }) => metadata.name === hostname);
    assert.deepEqual(
      service?.spec.ports.map(({ port }) => String(port)),
      [port],
    );
    const pod = podOf(example, "weir");
    const mount = containerOf(pod, "weir").volumeMounts?.find(
      ({ mountPath }) => store.password?.file === `${mountPath}/password`,
    );
    assert.ok(pod.volumes.find(({ name }) => name === mount?.name)?.secret);
  });
});
