import type { Gate } from "../decision/gate.js";
import type { Logger } from "../telemetry/logger.js";
import type { Metrics } from "../telemetry/metrics.js";
import { AUTHZ_NAMESPACE, readPassage } from "./metadata.js";
import { ADMISSION_NAMESPACE, readReservation } from "./reservation.js";
import { settle } from "./settle.js";
import { AccessLogType, type HTTPAccessLogEntry, type StreamAccessLogsMessage } from "./wire/access-log.js";
import type { AccessLogHandlers } from "./wire/services.js";

export interface AccessLog {
  readonly handlers: AccessLogHandlers;
  /** Ends the streams that are open, which Envoy takes for a reason to open others elsewhere. */
  hangUp(): void;
}

/**
 * envoy.service.accesslog.v3.AccessLogService: how Envoy tells what the bodies of a request and its response came
 * to, once both are over. Envoy keeps a stream open for as long as it lives and wants no answer.
 */
export function createAccessLog(gate: Gate, metrics: Metrics, log: Logger): AccessLog {
  const open = new Set<() => void>();
  const failed = (error: unknown) => {
    metrics.callFailed("StreamAccessLogs");
    log.error({ err: error }, "the bytes of a request could not be charged");
  };
  const charge = (entry: HTTPAccessLogEntry) => chargeBytes(entry, gate, metrics, log).catch(failed);
  return {
    handlers: {
      streamAccessLogs(call, respond) {
        let charged: Promise<unknown> = Promise.resolve();
        const end = () => {
          if (open.delete(end)) charged.then(() => respond(null, {}));
        };
        open.add(end);
        call.on("data", ({ httpLogs }: StreamAccessLogsMessage) => {
          if (httpLogs) charged = Promise.all([charged, ...httpLogs.logEntry.map(charge)]);
        });
        call.on("end", end);
        // Envoy is gone or has had enough: there is nobody left to answer.
        call.on("cancelled", () => open.delete(end));
        call.on("error", () => open.delete(end));
      },
    },
    hangUp() {
      for (const end of open) end();
    },
  };
}

async function chargeBytes(
  { commonProperties, request, response }: HTTPAccessLogEntry,
  gate: Gate,
  metrics: Metrics,
  log: Logger,
): Promise<void> {
  // Envoy can log a request as it begins, now and then, and once for each try upstream: its bytes would add up.
  if (commonProperties?.accessLogType !== AccessLogType.DownstreamEnd) return;
  const passage = readPassage(commonProperties.metadata?.filterMetadata.get(AUTHZ_NAMESPACE));
  if (!passage || passage.bytes.length === 0) return;
  if (readReservation(commonProperties.metadata?.filterMetadata.get(ADMISSION_NAMESPACE)) === "denied")
    return;
  const bytes = (request?.requestBodyBytes ?? 0) + (response?.responseBodyBytes ?? 0);
  if (bytes === 0) return;
  if (!Number.isSafeInteger(bytes)) {
    log.warn({ api: passage.api, bytes }, "an access log entry tells more bytes than there can be");
    return;
  }
  if (!(await settle(gate, passage.bytes, { bytes }))) return;
  metrics.transferred(gate.policy.apisByRef.has(passage.api) ? passage.api : "", bytes);
}
