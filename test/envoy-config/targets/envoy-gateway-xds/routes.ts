import assert from "node:assert/strict";
import type { Json, KubernetesObject } from "../crd.js";
import { only } from "../print.js";
import { backendCluster } from "./clusters.js";
import { perRoute } from "./filters.js";

/** route.go and sort.go: the longest prefix first, and of the same the one with more headers. */
export function virtualHosts(
  objects: readonly KubernetesObject[],
  security: KubernetesObject,
  clusters: Map<string, object>,
): object[] {
  const hosts = new Map<string, { length: number; headers: number; route: object }[]>();
  for (const route of objects.filter(({ kind }) => kind === "HTTPRoute")) {
    const rules = route.spec.rules.flatMap((rule: Json, i: number) =>
      (rule.matches ?? [{ path: { value: "/" } }]).map((match: Json) => {
        const cluster = `httproute/${route.metadata.namespace}/${route.metadata.name}/rule/${i}`;
        const [reference] = rule.backendRefs ?? [];
        if (reference) clusters.set(cluster, backendCluster(cluster, reference, objects));
        return {
          length: match.path.value.length,
          headers: match.headers?.length ?? 0,
          route: {
            name: cluster,
            match: routeMatch(match),
            ...(reference
              ? { route: routeAction(cluster, match, rule) }
              : { direct_response: notFound(rule, objects) }),
            ...removedHeaders(rule),
            typed_per_filter_config: perRoute(route, security, objects),
          },
        };
      }),
    );
    for (const host of route.spec.hostnames ?? ["*"]) hosts.set(host, [...(hosts.get(host) ?? []), ...rules]);
  }
  return [...hosts].map(([host, routes]) => ({
    name: host,
    domains: [host],
    routes: routes.toSorted((a, b) => b.length - a.length || b.headers - a.headers).map(({ route }) => route),
  }));
}

function routeMatch({ path, headers = [] }: Json): object {
  return {
    ...(path.value === "/" ? { prefix: "/" } : { path_separated_prefix: path.value }),
    headers: headers.map(({ name, value }: Json) => ({ name, string_match: { exact: value } })),
  };
}

function routeAction(cluster: string, { path }: Json, { filters = [], timeouts }: Json): object {
  const rewrite = filters.find((filter: Json) => filter.type === "URLRewrite")?.urlRewrite.path;
  return {
    cluster,
    ...(timeouts && { timeout: timeouts.request }),
    ...(rewrite && {
      regex_rewrite: {
        pattern: { regex: `^${path.value}\\/*` },
        substitution: rewrite.replacePrefixMatch.replace(/\/?$/, "/"),
      },
    }),
  };
}

function removedHeaders({ filters = [] }: Json): object {
  const modifier = filters.find((filter: Json) => filter.type === "RequestHeaderModifier");
  return modifier ? { request_headers_to_remove: modifier.requestHeaderModifier.remove } : {};
}

function notFound({ filters }: Json, objects: readonly KubernetesObject[]): object {
  const { metadata, spec } = only(objects, "HTTPRouteFilter");
  assert.equal(filters[0].extensionRef.name, metadata.name);
  return { status: spec.directResponse.statusCode };
}
