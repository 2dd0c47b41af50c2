import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Child, startChild, waitUntil } from "./process.js";

export interface WeirProcess {
  readonly grpcPort: number;
  readonly adminPort: number;
  readonly child: Child;
  readonly logFile: string;
  /** The sum of a metric over those of its series whose labels contain all of `labels`. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  stop(graceMs?: number): Promise<void>;
}

/** As in the first line of src/main.ts and in the image. */
export const NODE_FLAGS = ["--min-semi-space-size=16", "--max-semi-space-size=32"];

export const WEIR_MAIN = join(import.meta.dirname, "../../src/main.js");

/** Starts `weir serve` as a process of its own, on loopback; port 0 takes a free one. `moreFlags` come last. */
export async function startWeirProcess(
  policyFile: string,
  folder: string,
  {
    grpcPort = 0,
    adminPort = 0,
    logLevel = "debug",
    drainDelayMs = 0,
    moreFlags = [] as readonly string[],
  } = {},
): Promise<WeirProcess> {
  const logFile = join(folder, "weir.log");
  const flags = [
    "--grpc",
    `127.0.0.1:${grpcPort}`,
    "--admin",
    `127.0.0.1:${adminPort}`,
    "--log-level",
    logLevel,
  ];
  const args = [
    "--enable-source-maps",
    ...NODE_FLAGS,
    WEIR_MAIN,
    "serve",
    policyFile,
    ...flags,
    "--drain-delay-ms",
    String(drainDelayMs),
    "--drain-ms",
    "1000",
    ...moreFlags,
  ];
  const child = startChild(process.execPath, args, logFile);
  let ports: { grpc: number; admin: number } | null = null;
  await waitUntil(
    "weir",
    async () => {
      ports = readPorts(await readFile(logFile, "utf8").catch(() => ""));
      return ports !== null;
    },
    child,
  );
  const { grpc, admin } = ports ?? { grpc: 0, admin: 0 };
  const metric = async (name: string, labels: Readonly<Record<string, string>> = {}) => {
    const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return text
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  };
  return { grpcPort: grpc, adminPort: admin, child, logFile, metric, stop: (graceMs) => child.stop(graceMs) };
}

/** The log says where weir serves. */
function readPorts(log: string): { grpc: number; admin: number } | null {
  const line = log.split("\n").find((text) => text.includes('"weir serves"'));
  if (!line) return null;
  const { grpc, admin } = JSON.parse(line) as { grpc: string; admin: string };
  const port = (address: string) => Number(address.slice(address.lastIndexOf(":") + 1));
  return { grpc: port(grpc), admin: port(admin) };
}
