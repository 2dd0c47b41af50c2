import assert from "node:assert/strict";
import { Client, credentials } from "@grpc/grpc-js";
import { MemoryStore } from "../../src/counters/memory.js";
import { decide } from "../../src/decision/decide.js";
import type { Gate } from "../../src/decision/gate.js";
import { createAccessLog } from "../../src/envoy/access-log.js";
import { createAuthorization } from "../../src/envoy/authorization.js";
import { AUTHZ_NAMESPACE, decisionMetadata } from "../../src/envoy/metadata.js";
import { createProcessor } from "../../src/envoy/processor.js";
import { EnvoyServer } from "../../src/envoy/server.js";
import {
  AccessLogType,
  StreamAccessLogsMessage,
  type StreamAccessLogsResponse,
} from "../../src/envoy/wire/access-log.js";
import { accessLogService } from "../../src/envoy/wire/services.js";
import { LearnedEstimates } from "../../src/inference/estimate.js";
import { formatAddress } from "../../src/net/address.js";
import type { Level, Unit } from "../../src/policy/limit.js";
import type { Policy } from "../../src/policy/policy.js";
import { createLogger } from "../../src/telemetry/logger.js";
import { createMetrics } from "../support/metrics.js";
import { requestOf } from "../support/requests.js";

export type BatchInit = Parameters<typeof StreamAccessLogsMessage.encode>[0];
export type EntryInit = NonNullable<NonNullable<BatchInit["httpLogs"]>["logEntry"]>[number];

const NOW = Date.UTC(2026, 0, 1, 12, 0, 10);

/** The gRPC side of weir with counters that a test can look into, at a time that stands still. */
export async function startAccessLogServer(policy: Policy) {
  const store = new MemoryStore({ maxCounters: 10_000 });
  const gate: Gate = { policy, store, now: () => NOW };
  const metrics = createMetrics();
  let log = "";
  const logger = createLogger("debug", {
    write: (line: string) => {
      log += line;
    },
  });
  const server = new EnvoyServer({
    authorization: createAuthorization(gate, metrics, logger),
    processor: createProcessor({ gate, experience: new LearnedEstimates(), metrics, log: logger }),
    accessLog: createAccessLog(gate, metrics, logger),
  });
  const address = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  const client = new Client(formatAddress(address), credentials.createInsecure());
  const { path, responseDeserialize } = accessLogService.streamAccessLogs;

  /** A stream that stays open, and what it is answered in the end. */
  const open = () => {
    let answered: (result: StreamAccessLogsResponse | Error) => void;
    const answer = new Promise<StreamAccessLogsResponse | Error>((resolve) => {
      answered = resolve;
    });
    const call = client.makeClientStreamRequest(
      path,
      (batch: BatchInit | Buffer) => (Buffer.isBuffer(batch) ? batch : StreamAccessLogsMessage.encode(batch)),
      responseDeserialize,
      (error, response) => answered(error ?? response ?? new Error("no response")),
    );
    return { call, answer };
  };
  return {
    gate,
    server,
    open,
    log: () => log,
    /** Sends these batches over a stream of their own, to its end. */
    send(...batches: readonly (BatchInit | Buffer)[]) {
      const { call, answer } = open();
      for (const batch of batches) call.write(batch);
      call.end();
      return answer;
    },
    /** What weir tells Envoy of a request, and so Envoy the access log. */
    decide: async (path: string) =>
      decisionMetadata(await decide(gate.policy, store, requestOf({ path }), NOW))["weir"],
    /** What stands at the only limit of a level on a unit. */
    async used(level: Level, key = "", unit: Unit = "bytes"): Promise<number> {
      const limits = [...gate.policy.limits.values()].filter(
        (limit) => limit.level === level && limit.unit === unit,
      );
      const { standings } = await store.charge(
        limits.map((limit) => ({ limit, key, amount: 0 })),
        NOW,
      );
      assert.equal(standings.length, 1);
      return standings[0]?.used ?? 0;
    },
    /** The value of each series of `weir_bytes_total`, by its API. */
    async metric(): Promise<Record<string, number>> {
      const { values } = (await metrics.registry.getSingleMetric("weir_bytes_total")?.get()) ?? {
        values: [],
      };
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels["api"]), value]));
    },
    async stop() {
      client.close();
      await server.stop(100);
    },
  };
}

/** An entry as Envoy writes it when a request is over. */
export function entryOf(
  weir: unknown,
  request: number,
  response: number,
  admission: unknown = {},
): EntryInit {
  return {
    commonProperties: {
      metadata: {
        filterMetadata: new Map([
          [AUTHZ_NAMESPACE, { weir } as never],
          ["weir", admission as never],
        ]),
      },
      accessLogType: AccessLogType.DownstreamEnd,
    },
    request: { requestBodyBytes: request },
    response: { responseBodyBytes: response },
  };
}

export const batchOf = (...logEntry: readonly EntryInit[]): BatchInit => ({ httpLogs: { logEntry } });
