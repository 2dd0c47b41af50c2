import assert from "node:assert/strict";
import type { Json, KubernetesObject } from "./crd.js";
import { only } from "./print.js";

/**
 * Envoy's bootstrap as Istio makes it of the objects that weir prints: a gateway's listener, on a free port, with routes
 * of VirtualServices and clusters of ServiceEntries, and over that the patches of the EnvoyFilter in their order, as
 * Istio documents them (networking/v1alpha3/envoy_filter.proto in istio.io/api).
 *
 * @param weirPort where weir's Service leads, on loopback
 */
export function istioXds(objects: readonly KubernetesObject[], admin: object, weirPort: number): object {
  const routes = objects.filter(({ kind }) => kind === "VirtualService").map(virtualHost);
  const manager: Json = {
    name: MANAGER,
    typed_config: {
      "@type":
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      stat_prefix: "outbound_0.0.0.0_8080",
      use_remote_address: true,
      normalize_path: true,
      access_log: [],
      http_filters: [
        {
          name: "envoy.filters.http.router",
          typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        },
      ],
      route_config: { name: "http.8080", virtual_hosts: routes },
    },
  };
  const clusters: Json[] = objects.filter(({ kind }) => kind === "ServiceEntry").map(backendCluster);
  const { configPatches } = only(objects, "EnvoyFilter").spec;
  const patched = configPatches.reduce(
    (config: Json, patch: Patch) => apply(config, patch, clusters),
    manager,
  );
  const listener = {
    name: "0.0.0.0_8080",
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [{ filters: [patched] }],
  };
  const text = JSON.stringify({ admin, static_resources: { listeners: [listener], clusters } });
  // The one name that there is no DNS for.
  const at = { address: "weir.default.svc.cluster.local", port_value: 9191 };
  assert.ok(text.includes(JSON.stringify(at)));
  return JSON.parse(
    text.replaceAll(JSON.stringify(at), JSON.stringify({ address: "127.0.0.1", port_value: weirPort })),
  );
}

const MANAGER = "envoy.filters.network.http_connection_manager";

interface Patch {
  readonly applyTo: string;
  readonly match: Json;
  readonly patch: { readonly operation: string; readonly value: Json };
}

function apply(
  manager: Json,
  { applyTo, match, patch: { operation, value } }: Patch,
  clusters: Json[],
): Json {
  assert.equal(match.context, "GATEWAY");
  const config = manager.typed_config;
  switch (`${operation} ${applyTo}`) {
    case "ADD CLUSTER":
      clusters.push(value);
      return manager;
    case "MERGE NETWORK_FILTER":
      assert.equal(match.listener.filterChain.filter.name, MANAGER);
      return merge(manager, value);
    case "INSERT_BEFORE HTTP_FILTER": {
      const { name, subFilter } = match.listener.filterChain.filter;
      assert.equal(name, MANAGER);
      const at = config.http_filters.findIndex((filter: Json) => filter.name === subFilter.name);
      assert.ok(at >= 0, subFilter.name);
      return {
        ...manager,
        typed_config: { ...config, http_filters: config.http_filters.toSpliced(at, 0, value) },
      };
    }
    case "MERGE HTTP_ROUTE": {
      const { name } = match.routeConfiguration.vhost.route;
      let count = 0;
      const virtual_hosts = config.route_config.virtual_hosts.map((host: Json) => ({
        ...host,
        routes: host.routes.map((route: Json) => {
          if (route.name !== name) return route;
          count += 1;
          return merge(route, value);
        }),
      }));
      assert.ok(count > 0, `no route ${name}`);
      return {
        ...manager,
        typed_config: { ...config, route_config: { ...config.route_config, virtual_hosts } },
      };
    }
    default:
      throw new Error(`the double does not ${operation} ${applyTo}`);
  }
}

/** As protobuf merges: what is said last counts, and lists come behind one another. */
function merge(a: Json, b: Json): Json {
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
  if (typeof a !== "object" || typeof b !== "object") return b;
  const both = Object.entries(b).map(([key, value]) => [key, key in a ? merge(a[key], value) : value]);
  return { ...a, ...Object.fromEntries(both) };
}

function virtualHost({ spec: { hosts, http } }: KubernetesObject): object {
  return {
    name: `${hosts[0]}:8080`,
    domains: hosts,
    routes: http.flatMap((rule: Json) =>
      // A route of Envoy's for each match, all by the name of the rule.
      (rule.match ?? [{ uri: { prefix: "/" } }]).map(({ uri, headers = {} }: Json) => ({
        name: rule.name,
        match: {
          ...(uri.exact === undefined ? { prefix: uri.prefix } : { path: uri.exact }),
          headers: Object.entries(headers).map(([name, value]) => ({ name, string_match: value })),
        },
        ...(rule.directResponse ? { direct_response: rule.directResponse } : { route: action(rule) }),
        ...(rule.headers && { request_headers_to_remove: rule.headers.request.remove }),
      })),
    ),
  };
}

function action({ route: [{ destination }], rewrite, timeout }: Json): object {
  return {
    cluster: `outbound|${destination.port.number}||${destination.host}`,
    timeout: timeout ?? "0s",
    ...(rewrite?.uri && { prefix_rewrite: rewrite.uri }),
  };
}

function backendCluster({ spec: { hosts, ports, endpoints, resolution } }: KubernetesObject): object {
  assert.equal(resolution, "STATIC");
  const name = `outbound|${ports[0].number}||${hosts[0]}`;
  const socket_address = { address: endpoints[0].address, port_value: ports[0].number };
  const lb_endpoints = [{ endpoint: { address: { socket_address } } }];
  return { name, type: "STATIC", load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints }] } };
}
