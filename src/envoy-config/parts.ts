import type { LoadedPolicy } from "../config/load.js";
import { weirClusters } from "./bootstrap.js";
import { backendClusters } from "./clusters.js";
import type { Config } from "./config.js";
import { connectionManagerFields } from "./filters.js";
import { routingOf } from "./routing.js";
import type { EnvoySettings } from "./settings.js";
import { routeConfiguration } from "./virtual-hosts.js";

/** Pieces for those who have an Envoy of their own. */
export interface Part {
  /** Where it belongs. */
  readonly head: string;
  /** Throws ENVOY_NO_BACKEND where it needs to know the backends. */
  make(loaded: LoadedPolicy, settings: EnvoySettings): Config;
}

export const parts = {
  filters: {
    head: "Fields of the HTTP connection manager; routes of AI APIs turn weir.admission and weir.metering on.",
    make: (loaded) => connectionManagerFields(loaded, "lean"),
  },
  routes: {
    head: "The connection manager's route_config.",
    make: (loaded) => ({ route_config: routeConfiguration(routingOf(loaded)) }),
  },
  clusters: {
    head: "Clusters for static_resources: weir, and the backends of the policy.",
    make: (loaded, settings) => ({
      clusters: [
        ...weirClusters(loaded, settings),
        ...backendClusters(loaded, routingOf(loaded), settings.backendCaFile),
      ],
    }),
  },
} as const satisfies Readonly<Record<string, Part>>;

export type PartName = keyof typeof parts;
