import type { LoadedPolicy } from "../config/load.js";
import { type Config, typed } from "./config.js";
import { tokenIssuersOf } from "./jwt-authn.js";
import { type Routing, upstreamsOf } from "./routing.js";
import { authority, madeOutTo } from "./secrets.js";
import { envoyAddress } from "./socket.js";
import { isAddress, type Upstream } from "./upstream.js";

/**
 * envoy.config.cluster.v3.Cluster: one for each host and port that the policy names.
 *
 * @param caFile of who vouches for those with https, as Envoy sees it
 */
export function backendClusters(loaded: LoadedPolicy, routing: Routing, caFile: string): Config[] {
  const keys = tokenIssuersOf(loaded).flatMap(({ keys }) =>
    keys.kind === "remote" ? [keys.destination.upstream] : [],
  );
  const upstreams = new Map(
    [...upstreamsOf(routing), ...keys].map((upstream) => [upstream.cluster, upstream]),
  );
  return [...upstreams.values()].map((upstream) => clusterOf(upstream, caFile));
}

/** weir says how many requests a backend may get; Envoy's default of 1024 at once would come in its way. */
const MAX_REQUESTS = 10_000;

function clusterOf({ cluster, host, port, isTls, isHttp2 }: Upstream, caFile: string): Config {
  const lookUp = !isAddress(host);
  const address = envoyAddress({ kind: "tcp", host, port });
  return {
    name: cluster,
    type: lookUp ? "STRICT_DNS" : "STATIC",
    ...(lookUp && { dns_lookup_family: "V4_PREFERRED" }),
    connect_timeout: "1s",
    circuit_breakers: {
      thresholds: [
        { max_connections: MAX_REQUESTS, max_requests: MAX_REQUESTS, max_pending_requests: MAX_REQUESTS },
      ],
    },
    ...(isHttp2 && {
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
          "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
          { explicit_http_config: { http2_protocol_options: {} } },
        ),
      },
    }),
    load_assignment: {
      cluster_name: cluster,
      // The host name is what auto_host_rewrite writes.
      endpoints: [{ lb_endpoints: [{ endpoint: { hostname: host, address } }] }],
    },
    ...(isTls && {
      transport_socket: {
        name: "envoy.transport_sockets.tls",
        typed_config: typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
          ...(lookUp && { sni: host }),
          common_tls_context: {
            ...(isHttp2 && { alpn_protocols: ["h2"] }),
            validation_context: { ...authority(caFile), ...madeOutTo(host) },
          },
        }),
      },
    }),
  };
}
