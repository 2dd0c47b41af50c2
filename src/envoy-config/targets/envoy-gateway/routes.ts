import { ENVIRONMENT_HEADER } from "../../../envoy/check-reply.js";
import { timeoutMsOf } from "../../api-routes.js";
import type { Config } from "../../config.js";
import { ANY_HOST } from "../../host-tables.js";
import { type Destinations, type RoutedApi, type Routing, type Way, waysOf } from "../../routing.js";
import { isAddress, type Upstream } from "../../upstream.js";
import {
  clusterName,
  type KubernetesSettings,
  type Manifest,
  manifest,
  objectNames,
  serviceOf,
} from "../kubernetes.js";
import { hostsOf } from "../reach.js";
import { aiLabels } from "./extensions.js";
import { ENVOY_GATEWAY } from "./weir-backend.js";

/** As many as an HTTPRoute takes. */
const MAX_HOSTNAMES = 16;

/**
 * The Gateway API's HTTPRoutes of a policy: for each API, and for what matches none. Backends that are no plain
 * Services come with a Backend of Envoy Gateway's.
 */
export function gatewayRoutes(routing: Routing, settings: KubernetesSettings): Manifest[] {
  const hosts = hostsOf(routing);
  const nameOf = objectNames();
  const backends = new Map<string, Manifest>();
  const refer = (upstream: Upstream) => backendRef(upstream, settings, backends);
  const routes = routing.apis.flatMap((api) => {
    const names = hosts.flatMap(({ name, apis }) => (apis.includes(api) ? [name] : []));
    const rules = rulesOf(api, refer);
    const labels = api.ai ? aiLabels(api.ai.readsRequest) : {};
    return routesOn(names, nameOf, { name: api.ref, labels, rules, about: api.ref }, settings);
  });
  const everywhere = hosts.map(({ name }) => name);
  const last = fallbackRoutes(routing.fallback, everywhere, nameOf, refer, settings);
  return [...routes, ...last, ...backends.values()];
}

interface Route {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly Config[];
  readonly about: string;
}

/** All hosts, which are none in an HTTPRoute, take one of their own. */
function routesOn(
  hosts: readonly string[],
  nameOf: (text: string) => string,
  { name, labels, rules, about }: Route,
  { namespace, gateway }: KubernetesSettings,
): Manifest[] {
  const named = hosts.filter((host) => host !== ANY_HOST);
  const groups: string[][] = hosts.includes(ANY_HOST) ? [[]] : [];
  for (let i = 0; i < named.length; i += MAX_HOSTNAMES) groups.push(named.slice(i, i + MAX_HOSTNAMES));
  return groups.map((hostnames) =>
    manifest(
      "gateway.networking.k8s.io/v1 HTTPRoute",
      { name: nameOf(name), namespace, ...(Object.keys(labels).length > 0 && { labels }) },
      { parentRefs: [{ name: gateway }], ...(hostnames.length > 0 && { hostnames }), rules },
      about,
    ),
  );
}

type Refer = (upstream: Upstream) => Config;

function rulesOf(api: RoutedApi, refer: Refer): Config[] {
  return waysOf(api.destinations).map((way) => {
    const { upstream, basePath } = way.destination;
    const timeoutMs = timeoutMsOf(way.destination, api.ai !== null);
    const rewrite = {
      ...(upstream.isTls && { hostname: upstream.host }),
      ...(basePath !== null && {
        path: { type: "ReplacePrefixMatch", replacePrefixMatch: basePath === "" ? "/" : basePath },
      }),
    };
    const filters: Config[] = [
      // A compressed response would have to be inflated to be metered.
      ...(api.ai
        ? [{ type: "RequestHeaderModifier", requestHeaderModifier: { remove: ["accept-encoding"] } }]
        : []),
      ...(Object.keys(rewrite).length > 0 ? [{ type: "URLRewrite", urlRewrite: rewrite }] : []),
    ];
    return {
      matches: [match(api.prefix, way)],
      ...(filters.length > 0 && { filters }),
      backendRefs: [refer(upstream)],
      ...(timeoutMs !== null && { timeouts: { request: duration(timeoutMs) } }),
    };
  });
}

/** As Gateway API writes it (GEP-2257): whole numbers of five digits at the most. */
function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return ms % 1000 === 0 ? `${seconds}s` : `${seconds}s${ms % 1000}ms`;
}

function match(prefix: string, { environment }: Way): Config {
  return {
    path: { type: "PathPrefix", value: prefix },
    ...(environment !== null && { headers: [{ name: ENVIRONMENT_HEADER, value: environment }] }),
  };
}

/** Without a place for what matches no API, Envoy answers 404 once weir has counted it. */
function fallbackRoutes(
  fallback: Destinations | null,
  hosts: readonly string[],
  nameOf: (text: string) => string,
  refer: Refer,
  settings: KubernetesSettings,
): Manifest[] {
  const name = "no-api";
  const about = "What matches no API.";
  if (fallback) {
    const rules = waysOf(fallback).map((way) => ({
      matches: [match("/", way)],
      backendRefs: [refer(way.destination.upstream)],
    }));
    return routesOn(hosts, nameOf, { name, labels: {}, rules, about }, settings);
  }
  const [, kind = ""] = NOT_FOUND.split(" ");
  const extensionRef = { group: "gateway.envoyproxy.io", kind, name: "weir-not-found" };
  const rules = [{ filters: [{ type: "ExtensionRef", extensionRef }] }];
  return [
    ...routesOn(hosts, nameOf, { name, labels: {}, rules, about }, settings),
    manifest(
      NOT_FOUND,
      { name: extensionRef.name, namespace: settings.namespace },
      { directResponse: { statusCode: 404 } },
      "The answer to what matches no API, once weir has counted it.",
    ),
  ];
}

const NOT_FOUND = `${ENVOY_GATEWAY} HTTPRouteFilter`;

/** A reference to a Service, or to a Backend, which is put beside the others. */
function backendRef(
  upstream: Upstream,
  settings: KubernetesSettings,
  backends: Map<string, Manifest>,
): Config {
  const service = serviceOf(upstream, settings.namespace);
  if (service && !upstream.isTls && !upstream.isHttp2) {
    const { name, namespace, port } = service;
    return { name, ...(namespace !== settings.namespace && { namespace }), port };
  }
  const made = backends.get(upstream.cluster) ?? backend(upstream, settings, backends.size + 1);
  backends.set(upstream.cluster, made);
  const { name = "" } = made.object["metadata"] as { name?: string };
  return { group: "gateway.envoyproxy.io", kind: "Backend", name, port: upstream.port };
}

function backend(upstream: Upstream, { namespace }: KubernetesSettings, index: number): Manifest {
  const { host, port, isTls, isHttp2 } = upstream;
  const service = serviceOf(upstream, namespace);
  const hostname = service ? clusterName(service) : host;
  return manifest(
    `${ENVOY_GATEWAY} Backend`,
    { name: `weir-backend-${index}`, namespace },
    {
      endpoints: [isAddress(host) ? { ip: { address: host, port } } : { fqdn: { hostname, port } }],
      ...(isHttp2 && !isTls && { appProtocols: ["gateway.envoyproxy.io/h2c"] }),
      ...(isTls && { tls: { wellKnownCACertificates: "System", ...(!isAddress(host) && { sni: host }) } }),
    },
    upstream.cluster,
  );
}
