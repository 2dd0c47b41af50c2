import { createHistogram, performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeCheckRequest } from "../check-request.js";
import { cpuMsOf } from "../proc.js";
import { CheckConnection } from "./connection.js";
import { prefixed } from "./grpc.js";
import type { Latency, LoadOrder, LoadReport } from "./order.js";
import { outcomeOf } from "./outcome.js";

/** Keeps a fixed number of calls open until the time is over, and all of them are answered. */
export async function runLoad(order: LoadOrder): Promise<LoadReport> {
  const requests = Array.from({ length: order.apis }, (_, index) => prefixed(encodeCheckRequest(index)));
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () => CheckConnection.open(order.port)),
  );
  const replies = { allowed: 0, denied: 0 };
  const latencyNs = createHistogram();
  let going = true;
  let next = 0;

  const keepCalling = async (connection: CheckConnection) => {
    while (going || next < order.minimumCalls) {
      const request = requests[next++ % requests.length] as Buffer;
      const startedMs = performance.now();
      const reply = await connection.call(request);
      latencyNs.record(Math.max(1, Math.round((performance.now() - startedMs) * 1e6)));
      replies[outcomeOf(reply)]++;
    }
  };
  const measure = async () => {
    await sleep(order.rampMs);
    latencyNs.reset();
    const cpuMs = cpuMsOf(order.serverPid);
    const startedMs = performance.now();
    await sleep(order.measureMs);
    const measured = {
      decisions: latencyNs.count,
      elapsedMs: performance.now() - startedMs,
      serverCpuMs: cpuMsOf(order.serverPid) - cpuMs,
      latency: percentiles(latencyNs),
    };
    going = false;
    return measured;
  };

  const callers = connections.flatMap((connection) =>
    Array.from({ length: order.streamsPerConnection }, () => keepCalling(connection)),
  );
  try {
    const [measured] = await Promise.all([measure(), ...callers]);
    return { ...replies, ...measured };
  } finally {
    for (const connection of connections) connection.close();
  }
}

function percentiles(ns: { percentile(percent: number): number }): Latency {
  const ms = (percent: number) => ns.percentile(percent) / 1e6;
  return { p50Ms: ms(50), p90Ms: ms(90), p99Ms: ms(99) };
}
