import { posix } from "node:path";
import type { LoadedPolicy } from "../config/load.js";
import { common } from "./bootstrap.js";
import { backendClusters } from "./clusters.js";
import { type Config, typed } from "./config.js";
import { listener } from "./listener.js";
import { routingOf } from "./routing.js";
import { followedFrom, type Secret, secretsOf } from "./secrets.js";
import type { EnvoySettings } from "./settings.js";
import { routeConfiguration } from "./virtual-hosts.js";
import { weirAiCluster, weirCluster } from "./weir-clusters.js";

/** The files that a running Envoy watches, each one kind of resource (`path_config_source`); and one for each secret. */
export const resourceFiles = {
  listeners: "listeners.yaml",
  routes: "routes.yaml",
  clusters: "clusters.yaml",
} as const;

export type ResourceKind = keyof typeof resourceFiles;

/** What those files list. */
export interface Resources extends Readonly<Record<ResourceKind, readonly Config[]>> {
  readonly secrets: readonly Secret[];
}

/**
 * envoy.config.bootstrap.v3.Bootstrap of an Envoy that takes all that depends on the policy from files in `folder`,
 * and takes it anew when they are replaced. weir itself, whose clusters do not, is in the bootstrap.
 */
export function dynamicBootstrap(settings: EnvoySettings, folder: string): Config {
  const secrets = followedFrom(folder);
  return {
    "# Envoy takes dynamic resources only as somebody.": null,
    node: { id: "weir", cluster: "weir" },
    ...common(settings),
    dynamic_resources: {
      lds_config: fileSource(folder, "listeners"),
      cds_config: fileSource(folder, "clusters"),
    },
    static_resources: { clusters: [weirCluster(settings, secrets), weirAiCluster(settings, secrets)] },
  };
}

/** Throws ENVOY_NO_BACKEND. */
export function resourcesOf(loaded: LoadedPolicy, settings: EnvoySettings, folder: string): Resources {
  const routing = routingOf(loaded);
  const route_config_name = "gateway";
  const rds = { route_config_name, config_source: fileSource(folder, "routes") };
  const gateway = listener(loaded, settings, { rds }, "ready", followedFrom(folder));
  return {
    secrets: secretsOf(settings),
    listeners: [typedAs("listener.v3.Listener", gateway)],
    routes: [typedAs("route.v3.RouteConfiguration", routeConfiguration(routing))],
    clusters: backendClusters(loaded, routing, settings.backendCaFile).map((cluster) =>
      typedAs("cluster.v3.Cluster", cluster),
    ),
  };
}

function typedAs(message: string, resource: Config): Config {
  return typed(`envoy.config.${message}`, resource);
}

function fileSource(folder: string, kind: ResourceKind): Config {
  return {
    resource_api_version: "V3",
    path_config_source: { path: posix.join(folder, resourceFiles[kind]) },
  };
}
