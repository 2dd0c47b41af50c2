import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startWeirProcess } from "../demo/stack/weir.js";
import type { FloorOrder, FloorReply } from "./floor.js";
import { policyText } from "./policy.js";
import { startWorker } from "./worker.js";

/** What weir says of itself under /metrics. */
export interface Counted {
  readonly allowed: number;
  readonly denied: number;
  readonly counters: number;
}

/** A server to measure. */
export interface Target {
  readonly pid: number;
  readonly port: number;
  /** How many APIs its requests go to. */
  readonly apis: number;
  readonly outcome: "allowed" | "denied";
  /** What it has counted so far; null where nothing is counted. */
  counted(): Promise<Counted | null>;
  stop(): Promise<void>;
}

/** A weir of its own, its policy and log in `folder`. With `subscriptionMax` all but so many requests per API are denied. */
export async function startWeirTarget(
  folder: string,
  apis: number,
  subscriptionMax?: number,
): Promise<Target> {
  const policyFile = join(folder, "policy.yaml");
  await writeFile(policyFile, policyText(apis, subscriptionMax));
  const { child, grpcPort, adminPort, stop } = await startWeirProcess(policyFile, folder, {
    logLevel: "info",
  });
  return {
    pid: child.pid,
    port: grpcPort,
    apis,
    outcome: subscriptionMax === undefined ? "allowed" : "denied",
    counted: () => readCounted(adminPort),
    stop,
  };
}

/** A server that answers everything with `reply`, for requests to `apis` APIs. */
export async function startFloorTarget(reply: Uint8Array, apis: number): Promise<Target> {
  const worker = startWorker<FloorOrder, FloorReply>(join(import.meta.dirname, "floor.js"));
  const { port } = await worker.ask({ reply }, 10_000);
  return {
    pid: worker.pid,
    port,
    apis,
    outcome: "allowed",
    counted: async () => null,
    stop: worker.stop,
  };
}

async function readCounted(adminPort: number): Promise<Counted> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/metrics`, {
    headers: { connection: "close" },
  });
  const lines = (await response.text()).split("\n");
  const sum = (series: RegExp) =>
    lines
      .filter((line) => series.test(line))
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  return {
    allowed: sum(/^weir_decisions_total\{.*decision="allow"/),
    denied: sum(/^weir_decisions_total\{.*decision="deny"/),
    counters: sum(/^weir_counters /),
  };
}
