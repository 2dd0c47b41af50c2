import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Child, startChild, waitUntil } from "./process.js";

export interface WeirProcess {
  readonly grpcPort: number;
  readonly adminPort: number;
  readonly child: Child;
  readonly logFile: string;
  stop(): Promise<void>;
}

/** Starts `weir serve` as a process of its own, on loopback; port 0 takes a free one. */
export async function startWeirProcess(
  policyFile: string,
  folder: string,
  { grpcPort = 0, adminPort = 0, logLevel = "debug" } = {},
): Promise<WeirProcess> {
  const main = join(import.meta.dirname, "../../src/main.js");
  const logFile = join(folder, "weir.log");
  const flags = [
    "--grpc",
    `127.0.0.1:${grpcPort}`,
    "--admin",
    `127.0.0.1:${adminPort}`,
    "--log-level",
    logLevel,
  ];
  const args = ["--enable-source-maps", main, "serve", policyFile, ...flags, "--drain-ms", "1000"];
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
  return { grpcPort: grpc, adminPort: admin, child, logFile, stop: () => child.stop() };
}

/** The log says where weir serves. */
function readPorts(log: string): { grpc: number; admin: number } | null {
  const line = log.split("\n").find((text) => text.includes('"weir serves"'));
  if (!line) return null;
  const { grpc, admin } = JSON.parse(line) as { grpc: string; admin: string };
  const port = (address: string) => Number(address.slice(address.lastIndexOf(":") + 1));
  return { grpc: port(grpc), admin: port(admin) };
}
