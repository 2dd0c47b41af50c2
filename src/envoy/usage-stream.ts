import type { Gate } from "../decision/gate.js";
import { type BodyDecoder, createBodyDecoder } from "../inflate/body-decoder.js";
import { createMeter, type Meter } from "../metering/meter.js";
import type { Usage } from "../metering/usage.js";
import type { AiSource } from "../policy/policy.js";
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
  | {
      readonly kind: "metering";
      readonly passage: Passage;
      readonly meter: Meter;
      readonly decoder: BodyDecoder;
    }
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
    if (responseBody && this.#state.kind === "metering") await this.#state.decoder.push(responseBody.body);
    const isLast = responseHeaders?.endOfStream || responseBody?.endOfStream || responseTrailers;
    if (isLast) await this.end("complete");
    return this.#state.kind === "ended";
  }

  async end(how: StreamEnd): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "ended" };
    if (state.kind !== "metering") return;
    await state.decoder.end();
    const { failure } = state.decoder;
    const usage = state.meter.end(how === "complete" && failure === null ? "complete" : "cut");
    if (!usage) return this.#missing(state.passage, missingReason(how, failure !== null));
    this.#metrics.used(this.#apiOf(state.passage), usage);
    await settle(this.#gate, state.passage.tokens, amountsOf(usage));
  }

  #begin({ headers, endOfStream }: HttpHeaders): void {
    if (this.#state.kind !== "waiting" || !this.#passage) return;
    const passage = this.#passage;
    this.#state = { kind: "ended" };
    // A response that failed, that has no body, or that an earlier filter gave in the backend's place used nothing.
    if (passage.provider === null || endOfStream || !findHeader(headers, ":status")?.startsWith("2")) return;
    const source = this.#sourceOf(passage);
    if (!source) {
      this.#missing(passage, "notReported");
      return;
    }
    const header = (name: string) => findHeader(headers, name);
    const meter = createMeter(source, { path: passage.path, header });
    const decoder = createBodyDecoder(header("content-encoding"), (bytes) => meter.push(bytes));
    if (decoder) this.#state = { kind: "metering", passage, meter, decoder };
    else this.#missing(passage, "encoded");
  }

  /** Where usage is told in a way of the policy's own, it has to be there still. */
  #sourceOf({ provider, api }: Passage): AiSource | null {
    if (provider !== "custom") return provider && { provider };
    const source = this.#gate.policy.apisByRef.get(api)?.ai ?? null;
    return source?.provider === "custom" ? source : null;
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

function missingReason(how: StreamEnd, isUndecodable: boolean): MissingUsage {
  if (how === "aborted") return "aborted";
  return isUndecodable ? "encoded" : "notReported";
}

function amountsOf({ total, input, output }: Usage): Amounts {
  return { totalTokens: total, promptTokens: input, completionTokens: output };
}
