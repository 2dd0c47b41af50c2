import type { Ending } from "../decision/reckoning.js";
import { type BodyDecoder, createBodyDecoder } from "../inflate/body-decoder.js";
import { createMeter, type Meter } from "../metering/meter.js";
import type { Usage } from "../metering/usage.js";
import type { AiSource } from "../policy/ai.js";
import { member } from "../policy/request.js";
import { chargeExchange, type Exchange } from "./account.js";
import type { Attendance } from "./attendance.js";
import { findHeader } from "./header.js";
import { AUTHZ_NAMESPACE, metadataOf, type Passage, readPassage } from "./metadata.js";
import { ADMISSION_NAMESPACE, type Reservation, readReservation } from "./reservation.js";
import type { HttpHeaders, ProcessingRequest } from "./wire/ext-proc-request.js";

/** Why a stream ends: the response did, somebody gave up on it, or weir stops. */
export type StreamEnd = "complete" | "aborted" | "stopping";

type State =
  /** No response yet. */
  | { readonly kind: "waiting" }
  | { readonly kind: "metering"; readonly meter: Meter; readonly decoder: BodyDecoder }
  /** The response is of a success, and cannot be read. */
  | { readonly kind: "unreadable"; readonly ending: "encoded" | "complete" }
  | { readonly kind: "ended" };

/** Where a filter's attributes are in what it sends. */
const ATTRIBUTES = "envoy.filters.http.ext_proc";

/** What is known of the request. */
interface Known {
  readonly passage: Passage;
  readonly reservation: Reservation | null;
}

/**
 * One exchange with a model, told message by message as it passes. What it used is charged once, at the first sign that
 * it is over: the end of the headers, of the body, the trailers, or the end of the call for whatever reason.
 */
export class UsageStream {
  readonly #attendance: Attendance;
  #known: Known | null = null;
  #request: Exchange["request"] | null = null;
  #state: State = { kind: "waiting" };

  constructor(attendance: Attendance) {
    this.#attendance = attendance;
  }

  /** Returns whether there is nothing left to learn from this stream. */
  async receive(message: ProcessingRequest): Promise<boolean> {
    this.#known ??= readKnown(message);
    const { requestHeaders, responseHeaders, responseBody, responseTrailers } = message;
    if (requestHeaders) this.#ask(requestHeaders);
    if (responseHeaders) this.#measure(message);
    if (responseHeaders) await this.#begin(responseHeaders);
    if (responseBody && this.#state.kind === "metering") await this.#state.decoder.push(responseBody.body);
    const isLast = responseHeaders?.endOfStream || responseBody?.endOfStream || responseTrailers;
    if (isLast) await this.end("complete");
    return this.#state.kind === "ended";
  }

  async end(how: StreamEnd): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "ended" };
    switch (state.kind) {
      case "ended":
        return;
      case "waiting":
        // Until there is a response, what was admitted is settled by who admitted it, unless weir stops.
        if (this.#known?.reservation && how !== "stopping") return;
        return this.#charge(how, null, 0);
      case "unreadable":
        return this.#charge(how === "complete" ? state.ending : how, null, null);
      case "metering": {
        await state.decoder.end();
        const { meter, decoder } = state;
        const isRead = decoder.failure === null;
        const usage = meter.end(how === "complete" && isRead ? "complete" : "cut");
        const ending = how === "complete" && !isRead ? "encoded" : how;
        return this.#charge(ending, usage, isRead ? meter.untold : null, meter.hasFailed);
      }
      default:
        return state satisfies never;
    }
  }

  #ask({ headers }: HttpHeaders): void {
    const length = Number(findHeader(headers, "content-length"));
    const bytes = Number.isSafeInteger(length) ? length : 0;
    this.#request = { id: findHeader(headers, "x-request-id") ?? null, bytes };
  }

  /** Envoy counts what the client does not announce, with `response_attributes: [request.size]`. */
  #measure({ attributes }: ProcessingRequest): void {
    const size = member(attributes.get(ATTRIBUTES), "request.size");
    if (this.#request && typeof size === "number") this.#request = { ...this.#request, bytes: size };
  }

  async #begin({ headers, endOfStream }: HttpHeaders): Promise<void> {
    if (this.#state.kind !== "waiting" || !this.#known) return;
    const { passage } = this.#known;
    // A response that failed, that has no body, or that an earlier filter gave in the backend's place used nothing.
    if (endOfStream || !findHeader(headers, ":status")?.startsWith("2")) {
      this.#state = { kind: "ended" };
      return this.#charge("refused", null, 0);
    }
    const source = this.#sourceOf(passage);
    const header = (name: string) => findHeader(headers, name);
    const meter = source && createMeter(source, { path: passage.path, header });
    const decoder = meter && createBodyDecoder(header("content-encoding"), (bytes) => meter.push(bytes));
    if (meter && decoder) this.#state = { kind: "metering", meter, decoder };
    else this.#state = { kind: "unreadable", ending: meter ? "encoded" : "complete" };
  }

  /** Where usage is told in a way of the policy's own, it has to be there still. */
  #sourceOf({ provider, api }: Passage): AiSource | null {
    if (provider !== "custom") return provider && { provider };
    const source = this.#attendance.gate.policy.apisByRef.get(api)?.ai?.source ?? null;
    return source?.provider === "custom" ? source : null;
  }

  async #charge(ending: Ending, usage: Usage | null, untold: number | null, hasFailed = false) {
    // Of what weir knows nothing, or what is no AI API, there is nothing to charge.
    if (!this.#known || this.#known.passage.provider === null) return;
    // Nothing has passed of a request that Envoy has answered by itself before it was let go.
    if (ending === "refused" && !this.#request && this.#known.passage.deferred && !this.#known.reservation)
      return;
    const request = this.#request ?? { id: null, bytes: 0 };
    const response = { ending, usage, untold, hasFailed };
    await chargeExchange(this.#attendance, { witness: "response", ...this.#known, request, response });
  }
}

/** Null for a request that was denied, or that weir was not asked about. */
function readKnown(message: ProcessingRequest): Known | null {
  const passage = readPassage(metadataOf(message, AUTHZ_NAMESPACE));
  const admission = readReservation(metadataOf(message, ADMISSION_NAMESPACE));
  return passage && admission !== "denied" ? { passage, reservation: admission } : null;
}
