import { type Routing, upstreamsOf } from "../../routing.js";
import { isAddress, type Upstream } from "../../upstream.js";
import {
  clusterName,
  type KubernetesSettings,
  type Manifest,
  type Metadata,
  manifest,
  objectNames,
  serviceOf,
} from "../kubernetes.js";

/** Of hosts that are addresses: the mesh knows hosts by name only. */
const ADDRESS_DOMAIN = "address.weir.internal";

/** The name by which the mesh knows a backend. */
export function hostOf(upstream: Upstream, namespace: string): string {
  const service = serviceOf(upstream, namespace);
  if (service) return clusterName(service);
  const { host } = upstream;
  return isAddress(host) ? `${host.replace(/[.:]+/g, "-")}.${ADDRESS_DOMAIN}` : host;
}

/** ServiceEntries of backends that are no Services, and DestinationRules of those that speak TLS or HTTP/2. */
export function outsideBackends(routing: Routing, { namespace, pods }: KubernetesSettings): Manifest[] {
  const nameOf = objectNames();
  return upstreamsOf(routing).flatMap((upstream) => {
    const metadata = { name: nameOf(`weir-${upstream.cluster}`), namespace: pods.namespace };
    const host = hostOf(upstream, namespace);
    return [
      ...(serviceOf(upstream, namespace) ? [] : [serviceEntry(upstream, host, metadata, namespace)]),
      ...(upstream.isTls || upstream.isHttp2 ? [destinationRule(upstream, host, metadata)] : []),
    ];
  });
}

function serviceEntry(
  { cluster, host, port, isTls, isHttp2 }: Upstream,
  name: string,
  metadata: Metadata,
  routes: string,
): Manifest {
  const inClear = isHttp2 ? "HTTP2" : "HTTP";
  const protocol = isTls ? "HTTPS" : inClear;
  return manifest(
    "networking.istio.io/v1 ServiceEntry",
    metadata,
    {
      hosts: [name],
      // Besides the gateways, VirtualServices that lead there have to know it.
      exportTo: [...new Set([".", routes])],
      location: "MESH_EXTERNAL",
      ports: [{ number: port, name: protocol.toLowerCase(), protocol }],
      ...(isAddress(host) ? { resolution: "STATIC", endpoints: [{ address: host }] } : { resolution: "DNS" }),
    },
    cluster,
  );
}

function destinationRule(
  { cluster, host, port, isTls, isHttp2 }: Upstream,
  name: string,
  metadata: Metadata,
) {
  const sni = isAddress(host) ? {} : { sni: host };
  return manifest(
    "networking.istio.io/v1 DestinationRule",
    metadata,
    {
      host: name,
      // Not to other clients, which may begin TLS themselves.
      exportTo: ["."],
      trafficPolicy: {
        portLevelSettings: [
          {
            port: { number: port },
            ...(isTls && { tls: { mode: "SIMPLE", ...sni, subjectAltNames: [host] } }),
            ...(isHttp2 && { connectionPool: { http: { h2UpgradePolicy: "UPGRADE" } } }),
          },
        ],
      },
    },
    cluster,
  );
}
