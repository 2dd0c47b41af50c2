import type { LoadedPolicy } from "../../../config/load.js";
import { byteReports } from "../../access-log.js";
import { filterConfigOf } from "../../api-routes.js";
import { weirClusters } from "../../bootstrap.js";
import { backendClusters } from "../../clusters.js";
import { type Config, typed } from "../../config.js";
import { connectionManagerFields, countsBytes, weirFilters } from "../../filters.js";
import type { Routing } from "../../routing.js";
import { SYSTEM_CA_FILE } from "../../settings.js";
import { clusterName, type KubernetesSettings, type Manifest, manifest } from "../kubernetes.js";

const CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager";

/** networking.istio.io EnvoyFilter: weir's filters in the gateway, with the clusters that they lead to. */
export function weirFilter(loaded: LoadedPolicy, routing: Routing, settings: KubernetesSettings): Manifest {
  const { pods, weir } = settings;
  const at = { kind: "tcp", host: clusterName(weir), port: weir.port } as const;
  const issuers = backendClusters(loaded, { apis: [], fallback: null }, SYSTEM_CA_FILE);
  const clusters = [...weirClusters(loaded, { weir: [at], weirTls: null }), ...issuers];
  const spec = {
    workloadSelector: { labels: { ...pods.labels } },
    configPatches: [
      ...clusters.map((value) => ({
        applyTo: "CLUSTER",
        match: { context: "GATEWAY" },
        patch: { operation: "ADD", value },
      })),
      {
        applyTo: "NETWORK_FILTER",
        match: { context: "GATEWAY", listener: { filterChain: { filter: { name: CONNECTION_MANAGER } } } },
        patch: { operation: "MERGE", value: connectionManager(loaded) },
      },
      ...weirFilters(loaded, "lean").map((value) => ({
        applyTo: "HTTP_FILTER",
        match: { context: "GATEWAY", listener: { filterChain: { filter: beforeRouter } } },
        patch: { operation: "INSERT_BEFORE", value },
      })),
      ...routing.apis.map((api) => ({
        applyTo: "HTTP_ROUTE",
        match: { context: "GATEWAY", routeConfiguration: { vhost: { route: { name: api.ref } } } },
        patch: {
          operation: "MERGE",
          value: { typed_per_filter_config: filterConfigOf(api, null) },
        },
      })),
    ],
  };
  return manifest(
    "networking.istio.io/v1alpha3 EnvoyFilter",
    { name: "weir", namespace: pods.namespace },
    spec,
    "Asks weir about every request of these gateways. Routes are known by their names in VirtualServices: name/version of the API.",
  );
}

const beforeRouter = { name: CONNECTION_MANAGER, subFilter: { name: "envoy.filters.http.router" } };

/** Lists in it are added to Istio's own; filters have patches of their own, and log lines are for Istio to write. */
function connectionManager(loaded: LoadedPolicy): Config {
  const fields = Object.entries(connectionManagerFields(loaded, "lean")).filter(
    ([field]) => field !== "http_filters" && field !== "access_log",
  );
  return {
    name: CONNECTION_MANAGER,
    typed_config: typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", {
      ...Object.fromEntries(fields),
      ...(countsBytes(loaded) && { access_log: [byteReports()] }),
    }),
  };
}
