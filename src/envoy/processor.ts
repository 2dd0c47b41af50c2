import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Gate } from "../decision/gate.js";
import type { Logger } from "../telemetry/logger.js";
import type { Metrics } from "../telemetry/metrics.js";
import { type StreamEnd, UsageStream } from "./usage-stream.js";
import type { ProcessingRequest } from "./wire/ext-proc-request.js";
import type { ProcessingResponseInit } from "./wire/ext-proc-response.js";
import type { ExternalProcessorHandlers } from "./wire/services.js";

type Call = ServerDuplexStream<ProcessingRequest, ProcessingResponseInit>;

/**
 * envoy.service.ext_proc.v3.ExternalProcessor. It only reads along: in `observability_mode` it answers nothing, in
 * any other mode it tells Envoy to go on before it looks at what came.
 */
export function createProcessor(gate: Gate, metrics: Metrics, log: Logger): ExternalProcessorHandlers {
  return { process: (call) => follow(call, new UsageStream(gate, metrics, log), metrics, log) };
}

function follow(call: Call, stream: UsageStream, metrics: Metrics, log: Logger): void {
  const failed = (error: unknown) => {
    metrics.callFailed("Process");
    log.error({ err: error }, "a response could not be charged");
  };
  const end = (how: StreamEnd) => stream.end(how).catch(failed);
  call.on("data", (message: ProcessingRequest) => {
    if (!message.observabilityMode) {
      const reply = goOn(message);
      if (reply) call.write(reply);
    }
    // One at a time: what is compressed takes a while to decode, and waits in Envoy rather than here.
    call.pause();
    stream
      .receive(message)
      // Left to Envoy, the call would stay open for `deferred_close_timeout`, and calls are limited in number.
      .then((isOver) => isOver && call.end(), failed)
      .finally(() => call.resume());
  });
  // Envoy cancels the call when the client has gone; a call that breaks ends in an error. Either may be all
  // that is heard of the end, and the first to come counts.
  call.on("cancelled", () => end("aborted"));
  call.on("error", () => end("aborted"));
  call.on("end", () => {
    end("aborted");
    call.end();
  });
}

/** The empty answer of the message's own kind; Envoy counts any other as spurious. */
function goOn(message: ProcessingRequest): ProcessingResponseInit | null {
  if (message.requestHeaders) return { requestHeaders: {} };
  if (message.responseHeaders) return { responseHeaders: {} };
  if (message.requestBody) return { requestBody: {} };
  if (message.responseBody) return { responseBody: {} };
  if (message.requestTrailers) return { requestTrailers: {} };
  if (message.responseTrailers) return { responseTrailers: {} };
  return null;
}
