import type { Address } from "../net/address.js";
import { type Config, typed } from "./config.js";
import { madeOutTo, type Secrets } from "./secrets.js";
import type { WeirAddresses, WeirTls } from "./settings.js";
import { envoyAddress } from "./socket.js";
import { isAddress } from "./upstream.js";

export const WEIR_CLUSTER = "weir";
export const WEIR_AI_CLUSTER = "weir_ai";

/** How many requests may be in flight: each is one stream to weir. Envoy's default of 1024 would refuse the ones above. */
export const MAX_STREAMS = 10_000;

/** For ext_proc; {@link weirAiCluster} says why. */
export const MAX_REQUESTS_PER_CONNECTION = 900;

const KEEPALIVE = { connection_keepalive: { interval: "30s", timeout: "5s" } };

/** weir for ext_authz and the access log. */
export function weirCluster(settings: WeirAddresses, secrets: Secrets): Config {
  return clusterOf(WEIR_CLUSTER, settings, secrets, {});
}

/** The same weir for ext_proc. */
export function weirAiCluster(settings: WeirAddresses, secrets: Secrets): Config {
  return {
    "# The same weir for ext_proc, whose streams last as long as answers do: however many there are, decisions have connections and a breaker of their own.":
      null,
    ...clusterOf(WEIR_AI_CLUSTER, settings, secrets, {
      "# Envoy ends each call to ext_proc with a reset. Node takes a thousand within seconds for an attack (CVE-2023-44487) and closes the connection with all that is under way: another has to be opened in time.":
        null,
      common_http_protocol_options: { max_requests_per_connection: MAX_REQUESTS_PER_CONNECTION },
    }),
  };
}

function clusterOf(
  name: string,
  { weir, weirTls }: WeirAddresses,
  secrets: Secrets,
  options: Config,
): Config {
  return {
    name,
    type: weir.every(needsNoLookup) ? "STATIC" : "STRICT_DNS",
    ...(!weir.every(needsNoLookup) && { dns_lookup_family: "V4_PREFERRED" }),
    connect_timeout: "0.25s",
    "# Every request in flight is one stream to weir; the default of 1024 would refuse the ones above.": null,
    circuit_breakers: {
      thresholds: [{ max_requests: MAX_STREAMS, max_pending_requests: MAX_STREAMS }],
    },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        { ...options, explicit_http_config: { http2_protocol_options: KEEPALIVE } },
      ),
    },
    "# A weir that stops says so and goes on for 3 seconds (--drain-delay-ms): long enough for two checks.":
      null,
    health_checks: [
      {
        timeout: "1s",
        interval: "1s",
        no_traffic_interval: "1s",
        unhealthy_threshold: 2,
        healthy_threshold: 1,
        grpc_health_check: {},
      },
    ],
    load_assignment: {
      cluster_name: name,
      endpoints: [
        { lb_endpoints: weir.map((address) => ({ endpoint: { address: envoyAddress(address) } })) },
      ],
    },
    ...(weirTls && { transport_socket: transportSocket(weirTls, secrets) }),
  };
}

function needsNoLookup(address: Address): boolean {
  return address.kind === "unix" || isAddress(address.host);
}

function transportSocket({ caFile, client, serverName }: WeirTls, secrets: Secrets): Config {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
      sni: serverName,
      common_tls_context: {
        alpn_protocols: ["h2"],
        ...(client && secrets.showing("weir-cert", client)),
        ...secrets.trusting("weir-ca", caFile, madeOutTo(serverName)),
      },
    }),
  };
}
