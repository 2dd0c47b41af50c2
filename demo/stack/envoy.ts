import { accessSync, constants } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { dump, load } from "js-yaml";
import { answersOk, type Child, startChild, waitUntil } from "./process.js";

/** Where the parts of the stack listen on this machine, by the name of their Envoy cluster; several share it. */
export type ClusterPorts = Readonly<Record<string, number | readonly number[]>>;

export interface Envoy {
  readonly port: number;
  readonly adminPort: number;
  readonly child: Child;
  stop(): Promise<void>;
}

interface SocketAddress {
  address: string;
  port_value: number;
}

interface EnvoyConfig {
  admin: { address: { socket_address: SocketAddress } };
  static_resources: {
    listeners: { address: { socket_address: SocketAddress } }[];
    clusters: {
      name: string;
      load_assignment: {
        endpoints: { lb_endpoints: { endpoint: { address: { socket_address: SocketAddress } } }[] }[];
      };
    }[];
  };
}

/** The envoy on PATH, or the one that `npm run setup` brought. */
export function findEnvoy(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const file of [...folders.map((folder) => join(folder, "envoy")), ".tools/envoy/envoy/_bin/envoy"]) {
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not there: look on.
    }
  }
  throw new Error("there is no envoy: run `node scripts/setup.mjs envoy`, or put one on PATH");
}

/**
 * Starts Envoy with `configFile`, in which nothing but addresses and ports is changed: everything is on loopback,
 * the clusters are at `clusterPorts`, and the listener is at `port` (0 takes a free one).
 */
export async function startEnvoy(
  configFile: string,
  clusterPorts: ClusterPorts,
  folder: string,
  { port = 0, adminPort = 0 } = {},
): Promise<Envoy> {
  const config = load(await readFile(configFile, "utf8")) as EnvoyConfig;
  const loopback = (at: SocketAddress, port_value: number) =>
    Object.assign(at, { address: "127.0.0.1", port_value });
  loopback(config.admin.address.socket_address, adminPort);
  for (const { address } of config.static_resources.listeners) loopback(address.socket_address, port);
  for (const { name, load_assignment } of config.static_resources.clusters) {
    const ports = clusterPorts[name];
    if (ports === undefined) throw new Error(`no port for Envoy's cluster ${name}`);
    const lb_endpoints = [ports].flat().map((port_value) => ({
      endpoint: { address: { socket_address: { address: "127.0.0.1", port_value } } },
    }));
    load_assignment.endpoints = [{ lb_endpoints }];
  }
  const file = join(folder, "envoy.yaml");
  const adminFile = join(folder, "envoy-admin.txt");
  await writeFile(file, dump(config, { lineWidth: -1 }));
  const args = ["-c", file, "--concurrency", "2", "--use-dynamic-base-id", "--admin-address-path", adminFile];
  const child = startChild(findEnvoy(), [...args, "--log-level", "warn"], join(folder, "envoy.log"));
  const admin = async () => (await readFile(adminFile, "utf8").catch(() => "")).trim();
  await waitUntil("Envoy", async () => answersOk(`http://${await admin()}/ready`), child);
  const listeners = (await (await fetch(`http://${await admin()}/listeners?format=json`)).json()) as {
    listener_statuses: { local_address: { socket_address: SocketAddress } }[];
  };
  const bound = listeners.listener_statuses[0]?.local_address.socket_address.port_value;
  if (bound === undefined) throw new Error(`Envoy has no listener:\n${child.tail()}`);
  return {
    port: bound,
    adminPort: Number((await admin()).split(":")[1]),
    child,
    stop: () => child.stop(),
  };
}
