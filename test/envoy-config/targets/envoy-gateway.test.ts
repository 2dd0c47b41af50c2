import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { KubernetesObject } from "./crd.js";
import { everything, little } from "./policies.js";
import { only, printObjects, runTarget } from "./print.js";

const print = (policy: string, ...flags: string[]) =>
  printObjects(policy, "--target", "envoy-gateway", ...flags);

const named = (objects: readonly KubernetesObject[], kind: string) =>
  objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);

/** APIs, each on hosts of its own: `a: [api.example.com, /a]`. */
function policyOf(
  apis: Readonly<Record<string, readonly [hosts: readonly string[], prefix: string]>>,
): string {
  const list = Object.entries(apis).map(([name, [hosts, pathPrefix]]) => ({
    ...{ name, version: "v1" },
    match: { ...(hosts.length > 0 && { hosts }), pathPrefix },
    backends: { production: { url: `http://${name}:8080` } },
  }));
  return JSON.stringify({ version: 1, apis: list });
}

/** By host, the prefixes of its routes. */
function prefixesByHost(objects: readonly KubernetesObject[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const { spec } of objects.filter(
    ({ kind, metadata }) => kind === "HTTPRoute" && metadata.name[0] !== "n",
  )) {
    for (const host of spec.hostnames ?? ["*"])
      found[host] = [...(found[host] ?? []), spec.rules[0].matches[0].path.value];
  }
  return found;
}

describe("objects for Envoy Gateway", () => {
  test("ask weir with what the policy reads, and fail as it says", async () => {
    const { extAuth } = only(await print(everything), "SecurityPolicy").spec;
    assert.equal(extAuth.failOpen, true);
    assert.deepEqual(extAuth.headersToExtAuth, ["api_key", "x-app", "accept", "content-type", "soapaction"]);
    assert.equal(only(await print(little), "SecurityPolicy").spec.extAuth.failOpen, false);
  });

  test("drop headers that only the gateway may set, and let headers pass that have an underscore where they are read", async () => {
    const { headers } = only(await print(everything), "ClientTrafficPolicy").spec;
    assert.deepEqual(headers.earlyRequestHeaders.remove, [
      "x-weir-environment",
      "x-app",
      "x-envoy-auth-failure-mode-allowed",
    ]);
    assert.equal(headers.withUnderscoresAction, "Allow");
    assert.equal(
      only(await print(little), "ClientTrafficPolicy").spec.headers.withUnderscoresAction,
      undefined,
    );
  });

  test("verify tokens, keep claims where weir looks, and hand them to it on each listener", async () => {
    const objects = await print(everything, "--gateway", "eg", "--listener", "http", "--listener", "https");
    const { jwt } = only(objects, "SecurityPolicy").spec;
    assert.deepEqual(jwt.providers, [
      {
        ...{ name: "payload", issuer: "https://a.example.com/", audiences: ["weir"] },
        remoteJWKS: { uri: "https://a.example.com/keys", cacheDuration: "300s" },
      },
      {
        ...{ name: "b", issuer: "https://b.example.com/" },
        localJWKS: { type: "ValueRef", valueRef: { group: "", kind: "ConfigMap", name: "weir-jwks-2" } },
      },
    ]);
    const { jsonPatches } = only(objects, "EnvoyPatchPolicy").spec;
    assert.deepEqual(
      jsonPatches.map(({ name, operation }: { name: string; operation: object }) => [name, operation]),
      ["http", "https"].map((listener) => [
        `default/eg/${listener}`,
        {
          op: "add",
          jsonPath: '..http_filters[?(@.name=~"^envoy.filters.http.ext_authz")].typed_config',
          path: "metadata_context_namespaces",
          value: ["envoy.filters.http.jwt_authn"],
        },
      ]),
    );
    const { filterOrder } = only(objects, "EnvoyProxy").spec;
    assert.deepEqual(filterOrder, [
      { name: "envoy.filters.http.jwt_authn", before: "envoy.filters.http.ext_authz" },
    ]);
  });

  test("leave out what a policy without tokens, bytes and models has no need of", async () => {
    const objects = await print(little);
    assert.equal(only(objects, "SecurityPolicy").spec.jwt, undefined);
    const { filterOrder, telemetry } = only(objects, "EnvoyProxy").spec;
    assert.deepEqual([filterOrder, telemetry.accessLog.settings.length], [undefined, 1]);
    const kinds = objects.map(({ kind }) => kind);
    for (const kind of ["EnvoyPatchPolicy", "EnvoyExtensionPolicy", "Backend", "ReferenceGrant"])
      assert.ok(!kinds.includes(kind), kind);
  });

  test("attach the reading of requests to routes by their label, and that of responses alone to others", async () => {
    const objects = await print(everything);
    const attached = objects
      .filter(({ kind }) => kind === "EnvoyExtensionPolicy")
      .map(({ spec }) => [spec.targetSelectors[0].matchLabels, spec.extProc.length]);
    assert.deepEqual(attached, [
      [{ "weir-ai": "admission" }, 2],
      [{ "weir-ai": "metering" }, 1],
    ]);
    const labels = objects
      .filter(({ kind }) => kind === "HTTPRoute")
      .map(({ metadata }) => [metadata.name, metadata.labels?.["weir-ai"]]);
    assert.deepEqual(labels, [
      ["orders-v1", undefined],
      ["chat-v1", "admission"],
      ["chat-v1-2", "admission"],
      ["embed-v1", "metering"],
      ["embed-v1-2", "metering"],
      ["no-api", undefined],
      ["no-api-2", undefined],
    ]);
  });

  test("send each environment to its backend, with the path that its url says", async () => {
    const [orders] = (await print(everything)).filter(({ metadata }) => metadata.name === "orders-v1");
    assert.deepEqual(orders?.spec.rules, [
      {
        matches: [
          {
            path: { type: "PathPrefix", value: "/orders/v1" },
            headers: [{ name: "x-weir-environment", value: "sandbox" }],
          },
        ],
        filters: [
          {
            type: "URLRewrite",
            urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/base" } },
          },
        ],
        backendRefs: [{ name: "orders-sandbox", namespace: "test", port: 8080 }],
      },
      {
        matches: [{ path: { type: "PathPrefix", value: "/orders/v1" } }],
        filters: [
          {
            type: "URLRewrite",
            urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } },
          },
        ],
        backendRefs: [{ name: "orders", port: 8080 }],
      },
    ]);
  });

  test("have a Backend for what is no plain Service, and a grant where a Service is elsewhere", async () => {
    const objects = await print(everything, "--service", "weir.limits:9191");
    const backends = objects.filter(({ kind }) => kind === "Backend").map(({ spec }) => spec);
    assert.deepEqual(backends, [
      {
        endpoints: [{ fqdn: { hostname: "api.openai.com", port: 443 } }],
        tls: { wellKnownCACertificates: "System", sni: "api.openai.com" },
      },
      {
        endpoints: [{ ip: { address: "10.1.2.3", port: 8080 } }],
        appProtocols: ["gateway.envoyproxy.io/h2c"],
      },
    ]);
    const grants = objects.filter(({ kind }) => kind === "ReferenceGrant");
    assert.deepEqual(
      grants.map(({ metadata }) => metadata.namespace),
      ["limits", "test"],
    );
    const { backendRefs } = only(objects, "SecurityPolicy").spec.extAuth.grpc;
    assert.deepEqual(backendRefs, [{ name: "weir", namespace: "limits", port: 9191 }]);
  });

  test("answer 404 to what no API matches where there is no place for it, on every host", async () => {
    const objects = await print(everything);
    assert.equal(only(objects, "HTTPRouteFilter").spec.directResponse.statusCode, 404);
    const last = objects.filter(({ metadata }) => metadata.name.startsWith("no-api"));
    assert.deepEqual(
      last.map(({ spec }) => spec.hostnames),
      [undefined, ["api.example.com", "*.example.org"]],
    );
    const placed = await print(`${little}gateway: { backends: { production: { url: "http://rest:80" } } }`);
    assert.deepEqual(named(placed, "HTTPRouteFilter"), []);
    assert.deepEqual(placed.find(({ metadata }) => metadata.name === "no-api")?.spec.rules[0].backendRefs, [
      { name: "rest", port: 80 },
    ]);
  });

  test("have routes on each host in which weir looks for an API, as weir finds it", async () => {
    const objects = await print(
      policyOf({
        a: [["api.example.com"], "/a"],
        wide: [["*.example.com"], "/wide"],
        all: [[], "/all"],
        // On api.example.com it is a, whatever comes behind /a.
        behind: [[], "/a/b"],
        beside: [[], "/ab"],
      }),
    );
    assert.deepEqual(prefixesByHost(objects), {
      "api.example.com": ["/a", "/wide", "/all", "/ab"],
      "*.example.com": ["/wide", "/all", "/a/b", "/ab"],
      "*": ["/all", "/a/b", "/ab"],
    });
  });

  test("have as many hosts in a route as it takes", async () => {
    const hosts = Array.from({ length: 20 }, (_, i) => `h${i}.example.com`);
    const objects = await print(policyOf({ a: [hosts, "/"] }));
    const found = objects.filter(
      ({ kind, metadata }) => kind === "HTTPRoute" && metadata.name.startsWith("a-"),
    );
    assert.deepEqual(
      found.map(({ metadata, spec }) => [metadata.name, spec.hostnames.length]),
      [
        ["a-v1", 16],
        ["a-v1-2", 4],
      ],
    );
    assert.deepEqual(
      found.flatMap(({ spec }) => spec.hostnames),
      hosts,
    );
  });

  test("come with a note for each thing that is left to their reader", async () => {
    const { err } = await runTarget(everything, "--target", "envoy-gateway", "--gateway", "eg");
    const notes = err.split("\n").filter((line) => line.startsWith("note: "));
    assert.deepEqual(notes, [
      "note: tokens and limits on bytes need the EnvoyProxy: name it in the Gateway eg, as the comment there says",
      "note: weir gets the claims of tokens by the EnvoyPatchPolicy: Envoy Gateway takes it with extensionApis.enableEnvoyPatchPolicy in its own configuration",
      "note: some backends are no plain Services but Backends: Envoy Gateway takes them with extensionApis.enableBackend in its own configuration",
      "note: identity[1].jwt.jwks.file: kubectl create configmap weir-jwks-2 -n default --from-file=jwks=keys.json",
      "note: identity[3].mtls: Envoy asks for no certificates; add tls.clientValidation to the ClientTrafficPolicy",
      "note: identity[4].trusted: nothing sets these headers yet; put the filter that does before ext_authz",
    ]);
    assert.equal((await runTarget(little, "--target", "envoy-gateway")).err, "");
  });
});
