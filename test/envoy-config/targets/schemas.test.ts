import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { targets } from "../../../src/envoy-config/targets/targets.js";
import { refusals } from "./crd.js";
import { demo, everything, little } from "./policies.js";
import { only, printObjects } from "./print.js";

describe("objects for a control plane", () => {
  for (const target of Object.keys(targets)) {
    for (const [name, policy] of Object.entries({ everything, little, demo })) {
      test(`${target}, of a policy with ${name}: are what its CustomResourceDefinitions take`, async () => {
        const objects = await printObjects(policy, "--target", target);
        assert.ok(objects.length >= 2);
        for (const object of objects)
          assert.deepEqual(refusals(object), [], `${object.kind} ${object.metadata.name}`);
        const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`);
        assert.deepEqual(names, [...new Set(names)], "each has a name of its own");
      });
    }
  }

  test("would be refused with a field misspelt, a field missing, or another version", async () => {
    const [gateway, mesh] = await Promise.all(
      ["envoy-gateway", "istio"].map((target) => printObjects(little, "--target", target)),
    );
    const policy = only(gateway ?? [], "SecurityPolicy");
    const { failOpen, ...extAuth } = policy.spec.extAuth;
    assert.equal(failOpen, false);
    const misspelt = { ...policy, spec: { ...policy.spec, extAuth: { ...extAuth, failopen: failOpen } } };
    assert.deepEqual(refusals(misspelt), [
      '/spec/extAuth must NOT have additional properties {"additionalProperty":"failopen"}',
    ]);
    assert.match(refusals({ ...policy, apiVersion: "gateway.envoyproxy.io/v1" })[0] ?? "", /^\/apiVersion /);
    const filter = only(mesh ?? [], "EnvoyFilter");
    const patches = [...filter.spec.configPatches, { applyTo: "HTTP_FILTERS" }];
    assert.match(
      refusals({ ...filter, spec: { ...filter.spec, configPatches: patches } })[0] ?? "",
      /applyTo must be equal to one of/,
    );
    const service = only(mesh ?? [], "VirtualService");
    const [route] = service.spec.http;
    const http = [{ ...route, match: [{ uri: { prefx: "/" } }] }];
    assert.notDeepEqual(refusals({ ...service, spec: { ...service.spec, http } }), []);
    assert.deepEqual(refusals({ ...service, kind: "Gateway" }), ["no schema of a Gateway"]);
  });
});
