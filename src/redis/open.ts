import { isIP } from "node:net";
import { Cluster, Redis } from "ioredis";
import { clusterOptions, commonOptions, sentinelOptions } from "./client-options.js";
import { QuietSentinelConnector } from "./sentinel-connector.js";
import type { RedisSettings } from "./settings.js";
import type { TlsFiles } from "./tls-files.js";

/** The client for a topology, which connects when it is told to, and has no passwords yet. */
export function openClient({ topology, deadlineMs }: RedisSettings, tls: TlsFiles | null): Redis | Cluster {
  const options = { ...commonOptions(deadlineMs), ...(tls ? { tls: tls.options } : {}) };
  switch (topology.kind) {
    case "single": {
      const { address, db } = topology;
      const place =
        address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
      return new Redis({ ...options, ...place, db });
    }
    case "sentinel": {
      const { name, nodes, db } = topology;
      const secured = tls ? { sentinelTLS: tls.options, enableTLSForSentinelMode: true } : {};
      const found = { ...sentinelOptions, ...secured, Connector: QuietSentinelConnector };
      return new Redis({ ...options, ...found, name, sentinels: [...nodes], db });
    }
    case "cluster": {
      const { enableOfflineQueue, retryStrategy, ...redisOptions } = options;
      return new Cluster([...topology.nodes], { ...clusterOptions, enableOfflineQueue, redisOptions });
    }
    default:
      return topology satisfies never;
  }
}

/** The name that the servers' certificates must have where the settings say nothing else, if there is one for all. */
export function serverNameOf({ topology, tls }: RedisSettings): string | null {
  if (tls?.serverName) return tls.serverName;
  if (topology.kind !== "single" || topology.address.kind !== "tcp") return null;
  const { host } = topology.address;
  return isIP(host) ? null : host;
}
