import type { LoadedPolicy } from "../config/load.js";
import { type Config, typed } from "./config.js";
import { connectionManagerFields, type FilterSet } from "./filters.js";
import type { EnvoySettings, ListenerTls } from "./settings.js";
import { envoyAddress } from "./socket.js";
import { certificate } from "./weir-clusters.js";

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
        ...(listenerTls && { transport_socket: transportSocket(listenerTls) }),
      },
    ],
  };
}

function transportSocket({ certFile, keyFile, clientCaFile }: ListenerTls): Config {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: typed("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext", {
      common_tls_context: {
        alpn_protocols: ["h2", "http/1.1"],
        tls_certificates: [certificate({ certFile, keyFile })],
        // A client may come without a certificate; one that has another's comes no further.
        ...(clientCaFile !== null && { validation_context: { trusted_ca: { filename: clientCaFile } } }),
      },
    }),
  };
}
