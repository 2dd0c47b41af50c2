import assert from "node:assert/strict";
import type { Json, KubernetesObject } from "../crd.js";
import { extension, type Filter, seconds, type } from "./shapes.js";

export type Weir = (name: string, backend: Backend) => object;

export interface Backend {
  readonly backendRefs: readonly object[];
  readonly backendSettings: Json;
}

/** extauth.go, buildHCMExtAuthFilter: disabled, and named after its policy. */
export function extAuthz(
  { metadata, spec: { extAuth } }: KubernetesObject,
  weir: Weir,
): Filter & { disabled: true } {
  const name = `securitypolicy/${metadata.namespace}/${metadata.name}`;
  return {
    ...extension(`envoy.filters.http.ext_authz/${name}`, {
      "@type": type("extensions.filters.http.ext_authz.v3.ExtAuthz"),
      transport_api_version: "V3",
      failure_mode_allow: extAuth.failOpen,
      clear_route_cache: extAuth.recomputeRoute,
      allowed_headers: {
        patterns: extAuth.headersToExtAuth.map((exact: string) => ({ exact, ignore_case: true })),
      },
      grpc_service: { ...weir(`${name}/extauth/0`, extAuth.grpc), timeout: seconds(extAuth.timeout) },
      status_on_error: { code: extAuth.statusOnError },
    }),
    disabled: true,
  };
}

/** jwt.go: nothing is required but by routes; the payload is kept under the provider's name. */
export function jwtAuthn({ spec: { jwt } }: KubernetesObject, jwks: string): Filter[] {
  if (!jwt) return [];
  assert.equal(jwt.failOpen, true);
  const providers = jwt.providers.map(
    ({ name, issuer, audiences, localJWKS }: Record<string, unknown>): [unknown, object] => {
      assert.ok(localJWKS, "the double has no remote keys");
      const inline = { local_jwks: { inline_string: jwks } };
      return [
        name,
        { issuer, ...(audiences ? { audiences } : {}), ...inline, payload_in_metadata: name, forward: true },
      ];
    },
  );
  const requirements = [
    ...providers.map(([provider_name]: [string]) => ({ provider_name })),
    { allow_missing_or_failed: {} },
  ];
  return [
    extension("envoy.filters.http.jwt_authn", {
      "@type": type("extensions.filters.http.jwt_authn.v3.JwtAuthentication"),
      providers: Object.fromEntries(providers),
      requirement_map: { all: { requires_any: { requirements } } },
    }),
  ];
}

/** extproc.go, extProcConfig: nothing is sent but what `processingMode` names, and trailers never are. */
export function extProc({ metadata, spec }: KubernetesObject, weir: Weir): (Filter & { disabled: true })[] {
  return spec.extProc.map((entry: Json, i: number) => {
    const name = `envoyextensionpolicy/${metadata.namespace}/${metadata.name}/extproc/${i}`;
    const { request, response, allowModeOverride = false } = entry.processingMode;
    const { accessibleNamespaces, writableNamespaces } = entry.metadata;
    return {
      ...extension(`envoy.filters.http.ext_proc/${name}`, {
        "@type": type("extensions.filters.http.ext_proc.v3.ExternalProcessor"),
        grpc_service: { ...weir(name, entry), timeout: "10s" },
        failure_mode_allow: entry.failOpen,
        observability_mode: entry.shadowMode ?? false,
        ...(entry.messageTimeout && { message_timeout: seconds(entry.messageTimeout) }),
        allow_mode_override: allowModeOverride,
        processing_mode: {
          request_header_mode: request ? "SEND" : "SKIP",
          response_header_mode: response ? "SEND" : "SKIP",
          request_body_mode: request?.body?.toUpperCase() ?? "NONE",
          response_body_mode: response?.body?.toUpperCase() ?? "NONE",
          request_trailer_mode: "SKIP",
          response_trailer_mode: "SKIP",
        },
        ...(response?.attributes && { response_attributes: response.attributes }),
        metadata_options: {
          forwarding_namespaces: { untyped: accessibleNamespaces },
          ...(writableNamespaces && { receiving_namespaces: { untyped: writableNamespaces } }),
        },
      }),
      disabled: true,
    };
  });
}

/** httpfilters.go, sortHTTPFilters: ext_authz, jwt_authn, ext_proc by its index, unless EnvoyProxy says otherwise. */
export function inOrder(
  filters: readonly Filter[],
  positions: readonly { name: string; before: string }[],
): Filter[] {
  const order = (name: string) => {
    if (name.startsWith("envoy.filters.http.ext_authz/")) return 6;
    if (name === "envoy.filters.http.jwt_authn") return 10;
    return 100 + Number(name.split("/").at(-1));
  };
  const sorted = filters.toSorted((a, b) => order(a.name) - order(b.name) || (a.name < b.name ? -1 : 1));
  for (const { name, before } of positions) {
    const moved = sorted.filter((filter) => filter.name.startsWith(name));
    const rest = sorted.filter((filter) => !moved.includes(filter));
    const at = rest.findIndex((filter) => filter.name.startsWith(before));
    sorted.splice(0, sorted.length, ...rest.slice(0, at), ...moved, ...rest.slice(at));
  }
  return sorted;
}

/** jsonpatch.go, for patches of the one form that weir writes. */
export function patch(filters: readonly Filter[], { jsonPatches }: KubernetesObject["spec"]): void {
  const [{ name, operation }, ...others] = jsonPatches;
  assert.deepEqual([name, others, operation.op], ["default/gateway/http", [], "add"]);
  const [, pattern] =
    /^\.\.http_filters\[\?\(@\.name=~"(.*)"\)\]\.typed_config$/.exec(operation.jsonPath) ?? [];
  const found = filters.filter((filter) => pattern !== undefined && new RegExp(pattern).test(filter.name));
  assert.ok(found.length > 0, operation.jsonPath);
  for (const filter of found) filter.typed_config[operation.path] = operation.value;
}

/** What `patchRoute` of each filter puts on a route that its policy is attached to. */
export function perRoute(
  { metadata: { labels = {} } }: KubernetesObject,
  { metadata, spec }: KubernetesObject,
  objects: readonly KubernetesObject[],
): object {
  const policies = objects.filter(
    (policy) =>
      policy.kind === "EnvoyExtensionPolicy" &&
      policy.spec.targetSelectors.some(({ matchLabels }: { matchLabels: object }) =>
        Object.entries(matchLabels).every(([label, value]) => labels[label] === value),
      ),
  );
  const on = { "@type": type("config.route.v3.FilterConfig"), config: {} };
  return {
    [`envoy.filters.http.ext_authz/securitypolicy/${metadata.namespace}/${metadata.name}`]: {
      "@type": type("extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute"),
      check_settings: {},
    },
    ...(spec.jwt && {
      "envoy.filters.http.jwt_authn": {
        "@type": type("extensions.filters.http.jwt_authn.v3.PerRouteConfig"),
        requirement_name: "all",
      },
    }),
    ...Object.fromEntries(
      policies.flatMap((policy) =>
        policy.spec.extProc.map((_: object, i: number) => [
          `envoy.filters.http.ext_proc/envoyextensionpolicy/${policy.metadata.namespace}/${policy.metadata.name}/extproc/${i}`,
          on,
        ]),
      ),
    ),
  };
}
