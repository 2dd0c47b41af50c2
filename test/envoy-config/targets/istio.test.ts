import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Json, KubernetesObject } from "./crd.js";
import { everything, little } from "./policies.js";
import { only, printObjects, runTarget } from "./print.js";

const print = (policy: string, ...flags: string[]) => printObjects(policy, "--target", "istio", ...flags);

const patchesOf = (objects: readonly KubernetesObject[], applyTo: string): Json[] =>
  only(objects, "EnvoyFilter").spec.configPatches.filter((patch: Json) => patch.applyTo === applyTo);

describe("objects for Istio", () => {
  test("are for the pods that the command line names", async () => {
    const flags = ["--selector", "app=edge", "--selector", "tier=1", "--gateway-namespace", "edge"];
    const { metadata, spec } = only(await print(little, ...flags), "EnvoyFilter");
    assert.deepEqual(
      [metadata.namespace, spec.workloadSelector.labels],
      ["edge", { app: "edge", tier: "1" }],
    );
    const usual = only(await print(little), "EnvoyFilter");
    assert.deepEqual(
      [usual.metadata.namespace, usual.spec.workloadSelector.labels],
      ["istio-system", { istio: "ingressgateway" }],
    );
  });

  test("add weir, once more for models, and what issues tokens", async () => {
    const flags = ["--service", "weir.limits:9292"];
    const clusters = patchesOf(await print(everything, ...flags), "CLUSTER").map(({ patch }) => patch.value);
    assert.deepEqual(
      clusters.map(({ name }) => name),
      ["weir", "weir_ai", "a.example.com:443"],
    );
    const [weir] = clusters[0].load_assignment.endpoints[0].lb_endpoints;
    assert.deepEqual(weir.endpoint.address.socket_address, {
      address: "weir.limits.svc.cluster.local",
      port_value: 9292,
    });
    const few = patchesOf(await print(little), "CLUSTER").map(({ patch }) => patch.value.name);
    assert.deepEqual(few, ["weir"]);
  });

  test("put filters before the router in the order in which they have to run", async () => {
    const names = patchesOf(await print(everything), "HTTP_FILTER").map(({ match, patch }) => [
      match.listener.filterChain.filter.subFilter.name,
      patch.operation,
      patch.value.name,
    ]);
    assert.deepEqual(
      names,
      ["envoy.filters.http.jwt_authn", "envoy.filters.http.ext_authz", "weir.admission", "weir.metering"].map(
        (name) => ["envoy.filters.http.router", "INSERT_BEFORE", name],
      ),
    );
  });

  test("leave to Istio what it writes to logs, and tell weir of bytes", async () => {
    const [{ patch }] = patchesOf(await print(everything), "NETWORK_FILTER") as [Json];
    const { access_log, http_filters } = patch.value.typed_config;
    assert.equal(http_filters, undefined);
    assert.deepEqual(
      access_log.map(({ name }: Json) => name),
      ["envoy.access_loggers.http_grpc"],
    );
    const [few] = patchesOf(await print(little), "NETWORK_FILTER") as [Json];
    assert.equal(few.patch.value.typed_config.access_log, undefined);
  });

  test("tell routes what API they are of, by the names that VirtualServices give them", async () => {
    const objects = await print(everything);
    const told = patchesOf(objects, "HTTP_ROUTE").map(({ match, patch }) => [
      match.routeConfiguration.vhost.route.name,
      Object.keys(patch.value.typed_per_filter_config),
    ]);
    assert.deepEqual(told, [
      ["orders/v1", ["envoy.filters.http.ext_authz"]],
      ["chat/v1", ["envoy.filters.http.ext_authz", "weir.admission", "weir.metering"]],
      ["embed/v1", ["envoy.filters.http.ext_authz", "weir.metering"]],
    ]);
    const routes = objects
      .filter(({ kind }) => kind === "VirtualService")
      .map(({ spec }) => [spec.hosts, spec.http.map(({ name }: Json) => name)]);
    assert.deepEqual(routes, [
      [["api.example.com"], ["orders/v1", "orders/v1", "embed/v1", "chat/v1", "no-api"]],
      [["*.example.org"], ["orders/v1", "orders/v1", "embed/v1", "chat/v1", "no-api"]],
      [["*"], ["embed/v1", "chat/v1", "no-api"]],
    ]);
  });

  test("match a prefix by whole segments, and rewrite it as the url says", async () => {
    const [service] = (await print(everything)).filter(({ kind }) => kind === "VirtualService");
    const [sandbox, production, , chat] = service?.spec.http ?? [];
    const only = { "x-weir-environment": { exact: "sandbox" } };
    assert.deepEqual(sandbox.match, [
      { uri: { exact: "/orders/v1" }, headers: only },
      { uri: { prefix: "/orders/v1/" }, headers: only },
    ]);
    assert.deepEqual(
      [sandbox.rewrite, sandbox.route[0].destination.host],
      [{ uri: "/base/" }, "orders-sandbox.test.svc.cluster.local"],
    );
    assert.deepEqual(production.match, [
      { uri: { exact: "/orders/v1" } },
      { uri: { prefix: "/orders/v1/" } },
    ]);
    assert.deepEqual(
      [production.rewrite, production.route[0].destination.host],
      [{ uri: "/" }, "orders.default.svc.cluster.local"],
    );
    assert.deepEqual(
      [chat.rewrite, chat.timeout, chat.headers.request.remove],
      [{ authority: "api.openai.com", uri: "/v1/" }, "0s", ["accept-encoding"]],
    );
    const [root] = (await print(little)).filter(({ kind }) => kind === "VirtualService");
    assert.deepEqual(root?.spec.http[0].match, [{ uri: { prefix: "/" } }]);
  });

  test("make the mesh know backends outside of it, and the gateway alone how it speaks to them", async () => {
    const objects = await print(everything);
    const entries = objects.filter(({ kind }) => kind === "ServiceEntry");
    const specs = entries.map(({ metadata, spec }) => ({ namespace: metadata.namespace, ...spec }));
    const everywhere = {
      namespace: "istio-system",
      exportTo: [".", "default"],
      location: "MESH_EXTERNAL",
    };
    assert.deepEqual(specs, [
      {
        ...everywhere,
        hosts: ["api.openai.com"],
        ports: [{ number: 443, name: "https", protocol: "HTTPS" }],
        resolution: "DNS",
      },
      {
        ...everywhere,
        hosts: ["10-1-2-3.address.weir.internal"],
        ports: [{ number: 8080, name: "http2", protocol: "HTTP2" }],
        resolution: "STATIC",
        endpoints: [{ address: "10.1.2.3" }],
      },
    ]);
    const rules = objects.filter(({ kind }) => kind === "DestinationRule");
    assert.deepEqual(
      rules.map(({ metadata, spec: { exportTo, host, trafficPolicy } }) => [
        ...[metadata.namespace, exportTo, host],
        trafficPolicy.portLevelSettings[0].tls?.mode,
      ]),
      [
        ["istio-system", ["."], "api.openai.com", "SIMPLE"],
        ["istio-system", ["."], "10-1-2-3.address.weir.internal", undefined],
      ],
    );
  });

  test("come with a note for each thing that is left to their reader", async () => {
    const { err } = await runTarget(everything, "--target", "istio");
    const notes = err.split("\n").filter((line) => line.startsWith("note: "));
    assert.deepEqual(notes, [
      "note: identity[1].jwt.jwks.file: keys.json has to be in the gateway's pods",
      "note: identity[3].mtls: the Gateway's servers have to ask for certificates: tls.mode MUTUAL or OPTIONAL_MUTUAL",
      "note: identity[4].trusted: nothing sets these headers yet; put the filter that does before ext_authz",
    ]);
  });
});
