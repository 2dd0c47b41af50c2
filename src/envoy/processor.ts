import { setImmediate as immediate } from "node:timers/promises";
import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { release } from "../decision/admit.js";
import { AdmissionStream } from "./admission-stream.js";
import type { Attendance } from "./attendance.js";
import { type StreamEnd, UsageStream } from "./usage-stream.js";
import type { ProcessingRequest } from "./wire/ext-proc-request.js";
import type { ProcessingResponseInit } from "./wire/ext-proc-response.js";
import type { ExternalProcessorHandlers } from "./wire/services.js";

type Call = ServerDuplexStream<ProcessingRequest, ProcessingResponseInit>;

export interface Processor {
  readonly handlers: ExternalProcessorHandlers;
  /** Charges what passes still, for it will not be seen to its end. Resolves when that is done. */
  hangUp(): Promise<void>;
}

/**
 * envoy.service.ext_proc.v3.ExternalProcessor, for two filters: one that meters what passes, which is answered nothing
 * (`observability_mode`) or, where it waits, to go on; and one that waits for weir's word on a request.
 *
 * @param patienceMs after which an admitted request that nobody else has charged is charged by who admitted it: whoever
 * meters its response knows more, and comes first
 */
export function createProcessor(attendance: Attendance, patienceMs = 1_000): Processor {
  const open = new Set<() => Promise<void>>();
  return {
    handlers: {
      process(call) {
        // The first message tells which of the two it is.
        call.once("data", (first: ProcessingRequest) => {
          if (first.observabilityMode || !first.requestHeaders) observe(call, first, attendance, open);
          else converse(call, first, attendance, open, patienceMs);
        });
        call.on("error", () => {});
      },
    },
    async hangUp() {
      await Promise.all([...open].map((end) => end()));
    },
  };
}

/** Takes one message after the other: what is compressed takes a while to decode, and waits in Envoy rather than here. */
function inTurn(call: Call, first: ProcessingRequest, take: (message: ProcessingRequest) => Promise<void>) {
  const next = (message: ProcessingRequest) => {
    call.pause();
    take(message).finally(() => call.resume());
  };
  call.on("data", next);
  next(first);
}

function observe(
  call: Call,
  first: ProcessingRequest,
  attendance: Attendance,
  open: Set<() => Promise<void>>,
): void {
  const { metrics, log } = attendance;
  const stream = new UsageStream(attendance);
  const failed = (error: unknown) => {
    metrics.callFailed("Process");
    log.error({ err: error }, "a response could not be charged");
  };
  const end = (how: StreamEnd) => {
    open.delete(stop);
    return stream.end(how).catch(failed);
  };
  const stop = () => end("stopping");
  open.add(stop);
  inTurn(call, first, async (message) => {
    const reply = message.observabilityMode ? null : goOn(message);
    if (reply) call.write(reply);
    try {
      if (!(await stream.receive(message))) return;
      open.delete(stop);
      // Left to Envoy, the call would stay open for `deferred_close_timeout`, and calls are limited in number.
      call.end();
    } catch (error) {
      failed(error);
    }
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

function converse(
  call: Call,
  first: ProcessingRequest,
  attendance: Attendance,
  open: Set<() => Promise<void>>,
  patienceMs: number,
): void {
  const { gate, metrics, log } = attendance;
  const stream = new AdmissionStream(attendance);
  const failed = (error: unknown) => {
    metrics.callFailed("Process");
    log.error({ err: error }, "a request to a model could not be decided");
    // Ended without a word, the request goes on or not as the filter's `failure_mode_allow` says.
    call.emit("error", { code: status.INTERNAL, details: "weir failed to decide; its log says why" });
  };
  const unsettled = (error: unknown) => {
    metrics.callFailed("Process");
    log.error({ err: error }, "a request to a model could not be charged");
  };
  const stop = async () => stream.leave();
  open.add(stop);
  const end = () => {
    // The last word was said, or the end has been told of before: nothing is left to wait for.
    if (!open.delete(stop)) return;
    setTimeout(() => stream.end().catch(unsettled), patienceMs).unref();
  };
  inTurn(call, first, async (message) => {
    try {
      const turn = await stream.receive(message);
      if (!turn) return;
      // A process that was held up finds the message and its end in one read, and tells of the end a turn later.
      if (turn.charged.length > 0 || turn.returned.length > 0) await immediate();
      if (call.cancelled) {
        // Envoy has given up waiting: the request is not let go by this word.
        stream.leave();
        await release(gate.store, turn.charged, gate.now());
      } else {
        await release(gate.store, turn.returned, gate.now());
        call.write(turn.reply);
      }
      if (!turn.isLast) return;
      open.delete(stop);
      call.end();
    } catch (error) {
      failed(error);
    }
  });
  call.on("cancelled", end);
  call.on("end", () => {
    end();
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
  return message.responseTrailers ? { responseTrailers: {} } : null;
}
