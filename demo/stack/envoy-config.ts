import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parsePolicy } from "../../src/config/load.js";
import { staticBootstrap } from "../../src/envoy-config/bootstrap.js";
import { SYSTEM_CA_FILE } from "../../src/envoy-config/settings.js";
import { writeYaml } from "../../src/envoy-config/yaml.js";
import { type Child, startChild, waitUntil } from "./process.js";
import { WEIR_MAIN } from "./weir.js";

/** Where Envoy listens on loopback; 0 takes a free port. */
export interface EnvoyPorts {
  readonly port?: number;
  readonly adminPort?: number;
}

const HOST = "127.0.0.1";

/** What `weir envoy` prints for a policy, with everything on loopback. */
export function envoyConfig(
  policy: string,
  weirPorts: readonly number[],
  { port = 0, adminPort = 0 }: EnvoyPorts = {},
): string {
  const at = (port: number) => ({ kind: "tcp", host: HOST, port }) as const;
  const settings = {
    ...{ listen: at(port), admin: at(adminPort), weir: weirPorts.map(at) },
    ...{ listenerTls: null, weirTls: null, backendCaFile: SYSTEM_CA_FILE },
  };
  return writeYaml(staticBootstrap(parsePolicy(policy, "policy"), settings), "For one run.");
}

/** Writes it to a file in `folder`, and returns that. */
export async function printConfig(
  policyFile: string,
  folder: string,
  weirPorts: readonly number[],
  ports: EnvoyPorts,
  edit: (config: string, policy: string) => string | Promise<string>,
): Promise<string> {
  const file = join(folder, "envoy.yaml");
  const policy = await readFile(policyFile, "utf8");
  await writeFile(file, await edit(envoyConfig(policy, weirPorts, ports), policy));
  return file;
}

export interface ConfigWriter {
  /** Envoy's bootstrap; the files that it names are beside it. */
  readonly file: string;
  readonly child: Child;
  stop(): Promise<void>;
}

/** Starts `weir envoy --watch`, which writes the configuration to a folder of its own in `folder`. */
export async function startConfigWriter(
  policyFile: string,
  folder: string,
  weirPorts: readonly number[],
  { port = 0, adminPort = 0 }: EnvoyPorts = {},
): Promise<ConfigWriter> {
  const out = join(folder, "envoy");
  // What an earlier run left is of other ports.
  await rm(out, { recursive: true, force: true });
  const weirs = weirPorts.flatMap((weirPort) => ["--weir", `${HOST}:${weirPort}`]);
  const at = ["--listen", `${HOST}:${port}`, "--admin", `${HOST}:${adminPort}`];
  const args = [
    "--enable-source-maps",
    WEIR_MAIN,
    "envoy",
    policyFile,
    "--out",
    out,
    "--watch",
    ...at,
    ...weirs,
  ];
  const logFile = join(folder, "envoy-config.log");
  const child = startChild(process.execPath, args, logFile);
  const isWritten = async () => (await readFile(logFile, "utf8").catch(() => "")).includes("is written");
  await waitUntil("weir envoy", isWritten, child);
  return { file: join(out, "envoy.yaml"), child, stop: () => child.stop() };
}
