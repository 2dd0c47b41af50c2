import type { LoadedPolicy } from "../config/load.js";
import { backendClusters } from "./clusters.js";
import type { Config } from "./config.js";
import { listener } from "./listener.js";
import { routingOf } from "./routing.js";
import type { EnvoySettings } from "./settings.js";
import { envoyAddress } from "./socket.js";
import { routeConfiguration } from "./virtual-hosts.js";
import { weirAiCluster, weirCluster } from "./weir-clusters.js";

/** envoy.config.bootstrap.v3.Bootstrap with all that Envoy has to know. Throws ENVOY_NO_BACKEND. */
export function staticBootstrap(loaded: LoadedPolicy, settings: EnvoySettings): Config {
  const routing = routingOf(loaded);
  const routes = { route_config: routeConfiguration(routing) };
  return {
    admin: admin(settings),
    static_resources: {
      listeners: [listener(loaded, settings, routes, "lean")],
      clusters: [...weirClusters(loaded, settings), ...backendClusters(loaded, routing)],
    },
  };
}

export function weirClusters({ policy }: LoadedPolicy, settings: EnvoySettings): Config[] {
  const hasAi = [...policy.apisByRef.values()].some(({ ai }) => ai !== null);
  return [weirCluster(settings), ...(hasAi ? [weirAiCluster(settings)] : [])];
}

export function admin({ admin }: EnvoySettings): Config {
  return { address: envoyAddress(admin) };
}
