import type { Config } from "../../config.js";
import { MAX_STREAMS } from "../../weir-clusters.js";
import type { KubernetesSettings } from "../kubernetes.js";

/** What the name of an object of Envoy Gateway's stands behind. */
export const ENVOY_GATEWAY = "gateway.envoyproxy.io/v1alpha1";

/** The policies that are there once carry weir's name. */
export const WEIR_OBJECT = "weir";

/** gateway.envoyproxy.io BackendCluster: weir, as the clusters of a static configuration have it. */
export function weirBackend(
  { weir, namespace }: KubernetesSettings,
  { breaker = {}, about = [] }: { breaker?: Config; about?: readonly string[] } = {},
): Config {
  const { name, port } = weir;
  return {
    backendRefs: [{ name, ...(weir.namespace !== namespace && { namespace: weir.namespace }), port }],
    backendSettings: {
      "# Every request in flight is one stream to weir; the default of 1024 would refuse the ones above.":
        null,
      ...Object.fromEntries(about.map((line) => [`# ${line}`, null])),
      circuitBreaker: { maxParallelRequests: MAX_STREAMS, maxPendingRequests: MAX_STREAMS, ...breaker },
      "# Whether it is there at all. Whether it is ready its pods say by /readyz: Envoy Gateway asks gRPC's health service by the name of a cluster, which has slashes in it, and weir's HTTP/2 takes no such authority.":
        null,
      healthCheck: {
        active: {
          type: "TCP",
          timeout: "1s",
          interval: "1s",
          unhealthyThreshold: 2,
          healthyThreshold: 1,
          tcp: {},
        },
      },
      http2: { connectionKeepalive: { interval: "30s", timeout: "5s" } },
      timeout: { tcp: { connectTimeout: "250ms" } },
    },
  };
}

/** What a policy for all of a Gateway is attached to. */
export function toGateway({ gateway }: KubernetesSettings): Config {
  return { group: "gateway.networking.k8s.io", kind: "Gateway", name: gateway };
}
