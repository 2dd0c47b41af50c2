import { type Routing, upstreamsOf } from "../../routing.js";
import { type KubernetesSettings, type Manifest, manifest, serviceOf } from "../kubernetes.js";

/** What of the policy's namespace refers to Services. */
const referrers = [
  ["gateway.networking.k8s.io", "HTTPRoute"],
  ["gateway.envoyproxy.io", "SecurityPolicy"],
  ["gateway.envoyproxy.io", "EnvoyExtensionPolicy"],
  ["gateway.envoyproxy.io", "EnvoyProxy"],
] as const;

/** ReferenceGrant: a Service may only be referred to from other namespaces where its own allows that. */
export function referenceGrants(routing: Routing, { namespace, weir }: KubernetesSettings): Manifest[] {
  const services = upstreamsOf(routing).flatMap((upstream) => serviceOf(upstream, namespace) ?? []);
  const others = new Set([weir, ...services].map((service) => service.namespace));
  others.delete(namespace);
  return [...others].map((other) =>
    manifest(
      "gateway.networking.k8s.io/v1beta1 ReferenceGrant",
      { name: `weir-${namespace}`, namespace: other },
      {
        from: referrers.map(([group, kind]) => ({ group, kind, namespace })),
        to: [{ group: "", kind: "Service" }],
      },
      `Lets ${namespace} refer to Services here.`,
    ),
  );
}
