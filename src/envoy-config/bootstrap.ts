import type { LoadedPolicy } from "../config/load.js";
import { backendClusters } from "./clusters.js";
import { type Config, typed } from "./config.js";
import { listener } from "./listener.js";
import { routingOf } from "./routing.js";
import { readOnce } from "./secrets.js";
import type { EnvoySettings, WeirAddresses } from "./settings.js";
import { envoyAddress } from "./socket.js";
import { routeConfiguration } from "./virtual-hosts.js";
import { weirAiCluster, weirCluster } from "./weir-clusters.js";

/** envoy.config.bootstrap.v3.Bootstrap with all that Envoy has to know. Throws ENVOY_NO_BACKEND. */
export function staticBootstrap(loaded: LoadedPolicy, settings: EnvoySettings): Config {
  const routing = routingOf(loaded);
  const routes = { route_config: routeConfiguration(routing) };
  return {
    ...common(settings),
    static_resources: {
      listeners: [listener(loaded, settings, routes, "lean", readOnce)],
      clusters: [
        ...weirClusters(loaded, settings),
        ...backendClusters(loaded, routing, settings.backendCaFile),
      ],
    },
  };
}

export function weirClusters({ policy }: LoadedPolicy, settings: WeirAddresses): Config[] {
  const hasAi = [...policy.apisByRef.values()].some(({ ai }) => ai !== null);
  return [weirCluster(settings, readOnce), ...(hasAi ? [weirAiCluster(settings, readOnce)] : [])];
}

/** What every bootstrap has. */
export function common({ admin }: EnvoySettings): Config {
  return {
    admin: { address: envoyAddress(admin) },
    "# A body that ends while weir reads its beginning would never end for the backend: from 1.37.1 on Envoy forgets an end that comes by itself. What this turns off is for others than weir's filters, where two of ext_proc wait on one route.":
      null,
    layered_runtime: {
      layers: [
        {
          name: "weir",
          static_layer: { "envoy.reloadable_features.ext_proc_inject_data_with_state_update": false },
        },
      ],
    },
    overload_manager: {
      resource_monitors: [
        {
          "# More connections of clients than that are closed at once, before they use up what the others need.":
            null,
          name: "envoy.resource_monitors.global_downstream_max_connections",
          typed_config: typed(
            "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            { max_active_downstream_connections: MAX_CONNECTIONS },
          ),
        },
      ],
    },
  };
}

/** As Envoy's documentation advises for the edge. */
const MAX_CONNECTIONS = 50_000;
