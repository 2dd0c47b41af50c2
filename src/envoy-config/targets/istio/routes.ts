import { ENVIRONMENT_HEADER } from "../../../envoy/check-reply.js";
import { timeoutMsOf } from "../../api-routes.js";
import type { Config } from "../../config.js";
import { ANY_HOST } from "../../host-tables.js";
import { type Destinations, type RoutedApi, type Routing, type Way, waysOf } from "../../routing.js";
import type { Upstream } from "../../upstream.js";
import { type KubernetesSettings, type Manifest, manifest, objectNames } from "../kubernetes.js";
import { hostsOf } from "../reach.js";
import { hostOf } from "./outside.js";

/** VirtualServices, one for each host, with the routes that {@link weirFilter} knows by name. */
export function virtualServices(routing: Routing, settings: KubernetesSettings): Manifest[] {
  const { namespace, gateway } = settings;
  const nameOf = objectNames();
  const last = fallbackRoutes(routing.fallback, settings);
  return hostsOf(routing).map(({ name, apis }) =>
    manifest(
      "networking.istio.io/v1 VirtualService",
      { name: nameOf(name === ANY_HOST ? "weir" : `weir-${name}`), namespace },
      {
        hosts: [name],
        gateways: [gateway],
        http: [...apis.flatMap((api) => apiRoutes(api, settings)), ...last],
      },
      name === ANY_HOST ? "All hosts without one of their own." : name,
    ),
  );
}

function apiRoutes(api: RoutedApi, settings: KubernetesSettings): Config[] {
  return waysOf(api.destinations).map((way) => {
    const { upstream, basePath } = way.destination;
    const timeoutMs = timeoutMsOf(way.destination, api.ai !== null);
    const rewrite = {
      ...(upstream.isTls && { authority: upstream.host }),
      ...(basePath !== null && { uri: `${basePath}/` }),
    };
    return {
      name: api.ref,
      match: below(api.prefix).map((uri) => ({ uri, ...only(way) })),
      ...(Object.keys(rewrite).length > 0 && { rewrite }),
      route: [destination(upstream, settings)],
      ...(timeoutMs !== null && { timeout: `${timeoutMs / 1000}s` }),
      // A compressed response would have to be inflated to be metered.
      ...(api.ai && { headers: { request: { remove: ["accept-encoding"] } } }),
    };
  });
}

/** StringMatch of all paths behind a prefix. Istio's own prefix would take /orders/v10 for one behind /orders/v1. */
function below(prefix: string): Config[] {
  return prefix === "/" ? [{ prefix }] : [{ exact: prefix }, { prefix: `${prefix}/` }];
}

function only({ environment }: Way): Config {
  return environment === null ? {} : { headers: { [ENVIRONMENT_HEADER]: { exact: environment } } };
}

/** Without a place for what matches no API, Envoy answers 404 once weir has counted it. */
function fallbackRoutes(fallback: Destinations | null, settings: KubernetesSettings): Config[] {
  const name = "no-api";
  if (!fallback) return [{ name, directResponse: { status: 404 } }];
  return waysOf(fallback).map((way) => ({
    name,
    ...(way.environment !== null && { match: [{ uri: { prefix: "/" }, ...only(way) }] }),
    route: [destination(way.destination.upstream, settings)],
  }));
}

function destination(upstream: Upstream, { namespace }: KubernetesSettings): Config {
  return { destination: { host: hostOf(upstream, namespace), port: { number: upstream.port } } };
}
