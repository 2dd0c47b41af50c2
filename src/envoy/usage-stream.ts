import type { Gate } from "../decision/gate.js";
import { createMeter, type Meter } from "../metering/meter.js";
import type { Usage } from "../metering/usage.js";
import type { Amounts } from "../policy/select.js";
import type { Logger } from "../telemetry/logger.js";
import type { Metrics, MissingUsage } from "../telemetry/metrics.js";
import { findHeader } from "./header.js";
import { AUTHZ_NAMESPACE, type Passage, readPassage } from "./metadata.js";
import { settle } from "./settle.js";
import type { HttpHeaders, ProcessingRequest } from "./wire/ext-proc-request.js";

/** Why a stream ends: the response did, or somebody gave up on it. */
export type StreamEnd = "complete" | "aborted";

type State =
  /** No response yet, or none of an AI API. */
  | { readonly kind: "waiting" }
  | { readonly kind: "metering"; readonly passage: Passage; readonly meter: Meter }
  | { readonly kind: "ended" };

/**
 * The response of one HTTP request, told message by message. Its usage is charged once, at the first sign that
 * it is over: the end of the headers, of the body, the trailers, or the end of the call for whatever reason.
 */
export class UsageStream {
  readonly #gate: Gate;
  readonly #metrics: Metrics;
  readonly #log: Logger;
  #passage: Passage | null = null;
  #state: State = { kind: "waiting" };

  constructor(gate: Gate, metrics: Metrics, log: Logger) {
    this.#gate = gate;
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Returns whether there is nothing left to learn from this stream. */
  async receive(message: ProcessingRequest): Promise<boolean> {
    this.#passage ??= readPassage(message.metadataContext?.filterMetadata.get(AUTHZ_NAMESPACE));
    const { responseHeaders, responseBody, responseTrailers } = message;
    if (responseHeaders) this.#begin(responseHeaders);
    if (responseBody && this.#state.kind === "metering") this.#state.meter.push(responseBody.body);
    const isLast = responseHeaders?.endOfStream || responseBody?.endOfStream || responseTrailers;
    if (isLast) await this.end("complete");
    return this.#state.kind === "ended";
  }

  async end(how: StreamEnd): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "ended" };
    if (state.kind !== "metering") return;
    const usage = state.meter.end();
    if (!usage) return this.#missing(state.passage, how === "aborted" ? "aborted" : "notReported");
    this.#metrics.used(this.#apiOf(state.passage), usage);
    await settle(this.#gate, state.passage.tokens, amountsOf(usage));
  }

  #begin({ headers, endOfStream }: HttpHeaders): void {
    if (this.#state.kind !== "waiting" || !this.#passage) return;
    const passage = this.#passage;
    const { provider } = passage;
    this.#state = { kind: "ended" };
    // A response that failed, that has no body, or that an earlier filter gave in the backend's place used nothing.
    if (provider === null || endOfStream || !findHeader(headers, ":status")?.startsWith("2")) return;
    const encoding = findHeader(headers, "content-encoding");
    if (encoding && !/^identity$/i.test(encoding)) {
      this.#missing(passage, "encoded");
      return;
    }
    const meter = createMeter({ provider, contentType: findHeader(headers, "content-type") });
    this.#state = { kind: "metering", passage, meter };
  }

  /** An API that a reload has renamed since has no name left to be counted under; its limits may still be there. */
  #apiOf({ api }: Passage): string {
    return this.#gate.policy.apisByRef.has(api) ? api : "";
  }

  #missing(passage: Passage, reason: MissingUsage): void {
    const api = this.#apiOf(passage);
    this.#metrics.usageMissing(api, reason);
    this.#log.debug({ api, reason }, "a response's usage could not be charged");
  }
}

function amountsOf({ total, input, output }: Usage): Amounts {
  return { totalTokens: total, promptTokens: input, completionTokens: output };
}
