import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Child, startChild, waitUntil } from "../../../demo/stack/process.js";
import { takePort } from "../../../demo/stack/redis.js";
import { NODE_FLAGS } from "../../../demo/stack/weir.js";

export interface NodeOptions {
  readonly policyFile: string;
  /** For its logs. */
  readonly folder: string;
  /** How far its clock is off. */
  readonly clockOffsetMs?: number;
}

/** A weir of the cluster, in a process of its own, always at the same ports. */
export interface ClusterNode {
  readonly port: number;
  readonly pid: number;
  /** Its lines so far, over all its lives. */
  log(): Promise<LogLine[]>;
  metric(name: string): Promise<number>;
  /** SIGKILL: it hands nothing over. */
  kill(): Promise<void>;
  /** Resolves when it serves again. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface LogLine {
  readonly level: string;
  /** Milliseconds of this machine's clock. */
  readonly time: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export async function startNode({
  policyFile,
  folder,
  clockOffsetMs = 0,
}: NodeOptions): Promise<ClusterNode> {
  const [port, adminPort] = [await takeOwnPort(), await takeOwnPort()];
  const logFiles: string[] = [];
  let child: Child;
  const start = async () => {
    const life = join(folder, `life-${logFiles.length + 1}`);
    await mkdir(life, { recursive: true });
    const logFile = join(life, "weir.log");
    logFiles.push(logFile);
    child = startChild(process.execPath, commandLine(policyFile, port, adminPort, clockOffsetMs), logFile);
    const serves = async () => child.tail().includes('"weir serves"');
    await waitUntil(`weir on port ${port}`, serves, child);
  };
  await start();
  return {
    port,
    get pid() {
      return child.pid;
    },
    async log() {
      const texts = await Promise.all(logFiles.map((file) => readFile(file, "utf8")));
      return texts.flatMap(parseLog);
    },
    async metric(name) {
      const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`, {
        headers: { connection: "close" },
      });
      return metricIn(await response.text(), name);
    },
    async kill() {
      child.kill("SIGKILL");
      await child.stop();
    },
    start,
    stop: () => child.stop(),
  };
}

const taken = new Set<number>();

/** One that no other node will take before this one listens, or while it is down. */
async function takeOwnPort(): Promise<number> {
  for (;;) {
    const port = await takePort();
    if (taken.has(port)) continue;
    taken.add(port);
    return port;
  }
}

/** The command line of `weir serve`; only a clock that is off takes a program of the report's own. */
function commandLine(policyFile: string, port: number, adminPort: number, clockOffsetMs: number): string[] {
  const program =
    clockOffsetMs === 0
      ? [join(import.meta.dirname, "../../../src/main.js"), "serve", policyFile]
      : [join(import.meta.dirname, "skewed-weir.js"), policyFile, String(clockOffsetMs)];
  const addresses = ["--grpc", `127.0.0.1:${port}`, "--admin", `127.0.0.1:${adminPort}`];
  const stopping = ["--drain-delay-ms", "0", "--drain-ms", "1000"];
  return ["--enable-source-maps", ...NODE_FLAGS, ...program, ...addresses, ...stopping];
}

/** The sum over all series of a metric, in the format of Prometheus. */
export function metricIn(text: string, name: string): number {
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

/** Lines that are no JSON, such as Node's own warnings, come as errors. */
export function parseLog(text: string): LogLine[] {
  return text.split("\n").flatMap((line) => {
    if (line === "") return [];
    try {
      return [JSON.parse(line) as LogLine];
    } catch {
      return [{ level: "error", time: 0, msg: line }];
    }
  });
}
