import type { LoadedPolicy } from "../../config/load.js";
import type { Config } from "../config.js";
import type { Upstream } from "../upstream.js";

/** A control plane that configures Envoy itself, and has to be told in objects of Kubernetes. */
export interface Target {
  /** Throws ENVOY_NO_BACKEND. */
  make(loaded: LoadedPolicy, settings: KubernetesSettings): Manifest[];
  /** What is left to the reader, one line each. */
  notes(loaded: LoadedPolicy, settings: KubernetesSettings): string[];
}

/** What a policy does not say of the cluster that its gateway runs in. */
export interface KubernetesSettings {
  /** Where routes are, and the Services that the policy names without a namespace. */
  readonly namespace: string;
  /** The Gateway that clients come in by. */
  readonly gateway: string;
  /** Its listeners, by name. */
  readonly listeners: readonly string[];
  /** The Service of weir's gRPC port. */
  readonly weir: ServicePort;
  /** The gateway's pods, where Istio has to know them. */
  readonly pods: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
}

export interface ServicePort {
  readonly name: string;
  readonly namespace: string;
  readonly port: number;
}

/** An object of Kubernetes, and a sentence on what it is for. */
export interface Manifest {
  readonly about: string;
  readonly object: Config;
}

export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** @param kind with its version: `gateway.networking.k8s.io/v1 HTTPRoute` */
export function manifest(kind: string, metadata: Metadata, spec: Config, about: string): Manifest {
  const [apiVersion = "", name = ""] = kind.split(" ");
  return { about, object: { apiVersion, kind: name, metadata: { ...metadata }, spec } };
}

/** The Service that a backend's host names: `orders`, `orders.shop.svc`, `orders.shop.svc.cluster.local`; or null. */
export function serviceOf({ host, port }: Upstream, here: string): ServicePort | null {
  const [, name, namespace = here] =
    /^([a-z0-9-]+)(?:\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?)?$/.exec(host) ?? [];
  return name === undefined ? null : { name, namespace, port };
}

/** The name by which the whole cluster knows a Service. */
export function clusterName({ name, namespace }: ServicePort): string {
  return `${name}.${namespace}.svc.cluster.local`;
}

/** Makes names that Kubernetes takes, each once: `orders/v1` becomes `orders-v1`. */
export function objectNames(): (text: string) => string {
  const taken = new Set<string>();
  return (text) => {
    const base = text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 50)
      .replace(/^-+|-+$/g, "");
    let name = base;
    for (let i = 2; name === "" || taken.has(name); i++) name = base === "" ? `x-${i}` : `${base}-${i}`;
    taken.add(name);
    return name;
  };
}
