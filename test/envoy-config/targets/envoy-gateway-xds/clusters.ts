import assert from "node:assert/strict";
import type { KubernetesObject } from "../crd.js";
import type { Backend } from "./filters.js";
import { address, seconds, type } from "./shapes.js";

/** cluster.go, for an HTTP/2 service with the settings that weir gives. */
export function weirCluster(name: string, settings: Backend["backendSettings"], port: number): object {
  const { circuitBreaker, healthCheck, http2, timeout } = settings;
  const { type: kind, tcp, ...check } = healthCheck.active;
  assert.equal(kind, "TCP");
  return {
    ...staticCluster(name, "127.0.0.1", port),
    connect_timeout: seconds(timeout.tcp.connectTimeout),
    circuit_breakers: {
      thresholds: [
        {
          max_pending_requests: circuitBreaker.maxPendingRequests,
          max_requests: circuitBreaker.maxParallelRequests,
        },
      ],
    },
    health_checks: [
      {
        timeout: check.timeout,
        interval: check.interval,
        unhealthy_threshold: check.unhealthyThreshold,
        healthy_threshold: check.healthyThreshold,
        tcp_health_check: tcp,
      },
    ],
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": type("extensions.upstreams.http.v3.HttpProtocolOptions"),
        ...(circuitBreaker.maxRequestsPerConnection && {
          common_http_protocol_options: {
            max_requests_per_connection: circuitBreaker.maxRequestsPerConnection,
          },
        }),
        explicit_http_config: {
          http2_protocol_options: {
            connection_keepalive: http2.connectionKeepalive,
            initial_stream_window_size: 65_536,
          },
        },
      },
    },
  };
}

export function backendCluster(
  name: string,
  reference: { readonly kind: string; readonly name: string },
  objects: readonly KubernetesObject[],
): object {
  const backend = objects.find(
    ({ kind, metadata }) => kind === reference.kind && metadata.name === reference.name,
  );
  const [endpoint] = backend?.spec.endpoints ?? [];
  assert.ok(endpoint?.ip, `the double leads to addresses, not to ${reference.name}`);
  return staticCluster(name, endpoint.ip.address, endpoint.ip.port);
}

function staticCluster(name: string, host: string, port: number): object {
  return {
    name,
    type: "STATIC",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(host, port) } }] }],
    },
  };
}
