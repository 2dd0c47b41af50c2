import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { answersOk, type Child, startChild, waitUntil } from "./process.js";

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

/** Starts Envoy with `configFile`; port 0 in it takes a free one. */
export async function startEnvoy(configFile: string, folder: string): Promise<Envoy> {
  const adminFile = join(folder, "envoy-admin.txt");
  const args = [
    "-c",
    configFile,
    "--concurrency",
    "2",
    "--use-dynamic-base-id",
    "--admin-address-path",
    adminFile,
  ];
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
