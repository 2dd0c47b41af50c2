import type { LoadedPolicy } from "../config/load.js";
import { type Config, typed } from "./config.js";
import { connectionManagerFields, type FilterSet } from "./filters.js";
import type { Secrets } from "./secrets.js";
import type { EnvoySettings, ListenerTls } from "./settings.js";
import { envoyAddress } from "./socket.js";

/**
 * envoy.config.listener.v3.Listener, where clients come in.
 *
 * @param routes `route_config` or `rds` of the connection manager
 */
export function listener(
  loaded: LoadedPolicy,
  { listen, listenerTls }: EnvoySettings,
  routes: Config,
  set: FilterSet,
  secrets: Secrets,
): Config {
  return {
    name: "gateway",
    address: envoyAddress(listen),
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typed_config: typed(
              "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
              { stat_prefix: "gateway", ...connectionManagerFields(loaded, set), ...routes },
            ),
          },
        ],
        ...(listenerTls && { transport_socket: transportSocket(listenerTls, secrets) }),
      },
    ],
  };
}

function transportSocket({ certFile, keyFile, clientCaFile }: ListenerTls, secrets: Secrets): Config {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: typed("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
      common_tls_context: {
        alpn_protocols: ["h2", "http/1.1"],
        ...secrets.showing("tls-cert", { certFile, keyFile }),
        // A client may come without a certificate; one that has another's comes no further.
        ...(clientCaFile !== null && secrets.trusting("tls-client-ca", clientCaFile, {})),
      },
    }),
  };
}
