import { randomUUID } from "node:crypto";
import { type Admission, admit, type Hold, holdOf, release } from "../decision/admit.js";
import { statedEstimate, type TokenEstimate } from "../inference/estimate.js";
import { UsageEventFilter } from "../inference/hide-usage.js";
import { askForUsage, takesStreamOptions } from "../inference/include-usage.js";
import { type InferenceRequest, readInferenceRequest } from "../inference/request.js";
import type { AiTerms } from "../policy/ai.js";
import { type Charge, isUsageLimit, type Standing } from "../policy/limit.js";
import type { Api, Policy } from "../policy/policy.js";
import { chargeExchange } from "./account.js";
import { header, isReadableStream, refusal, replaced } from "./admission-reply.js";
import type { Attendance } from "./attendance.js";
import { findHeader } from "./header.js";
import { limitHeaders } from "./limit-headers.js";
import { logDenial } from "./log-denial.js";
import {
  AUTHZ_NAMESPACE,
  type CounterRef,
  metadataOf,
  type Passage,
  readPassage,
  reasonOf,
  scopeOf,
} from "./metadata.js";
import {
  ADMISSION_NAMESPACE,
  type HoldRef,
  type Reservation,
  readReservation,
  reservationMetadata,
} from "./reservation.js";
import type { HeaderMap } from "./wire/base.js";
import type { HttpBody, HttpHeaders, ProcessingRequest } from "./wire/ext-proc-request.js";
import type { ProcessingResponseInit } from "./wire/ext-proc-response.js";
import { BodySendMode, HeaderSendMode } from "./wire/processing-mode.js";

/** What Envoy is told. */
export interface Turn {
  readonly reply: ProcessingResponseInit;
  /** Whether the stream is over with it: Envoy then goes on without weir. */
  readonly isLast: boolean;
  /** What was charged, to be taken back if Envoy is not there any more to hear the reply. */
  readonly charged: readonly Hold[];
  /** What was charged before, to be given back if Envoy is there to hear the denial: otherwise the request may pass. */
  readonly returned: readonly Hold[];
}

/** A request whose counters are yet to be charged. */
interface Pending {
  readonly passage: Passage;
  readonly api: Api;
  readonly terms: AiTerms;
  readonly headers: HeaderMap;
}

/** A request that was let go, and that no response is known of. */
interface Admitted {
  readonly pending: Pending;
  readonly admission: Extract<Admission, { kind: "allow" }>;
  readonly reservation: Reservation;
  /** Whether its response will have a chunk that its client did not ask for. */
  readonly hides: boolean;
}

type State =
  | { readonly kind: "headers" }
  | { readonly kind: "body"; readonly pending: Pending }
  | { readonly kind: "admitted"; readonly admitted: Admitted }
  | { readonly kind: "hiding"; readonly filter: UsageEventFilter }
  | { readonly kind: "over" };

/**
 * The request of one exchange with a model, which waits in Envoy: its headers, then its body. What the decision left
 * open is decided when they are read, once, and what is reserved travels on with the request. Until its response begins
 * the exchange is this stream's to settle, then that of whoever meters the response. Then the stream is over, so that a
 * weir that stops or dies takes no response with it; unless there is a chunk to be hidden.
 */
export class AdmissionStream {
  readonly #attendance: Attendance;
  #state: State = { kind: "headers" };

  constructor(attendance: Attendance) {
    this.#attendance = attendance;
  }

  /** What to answer; null to a message of no known kind. */
  async receive(message: ProcessingRequest): Promise<Turn | null> {
    const { requestHeaders, requestBody, responseHeaders, responseBody } = message;
    if (requestHeaders) return this.#begin(requestHeaders, message);
    if (requestBody) return this.#read(requestBody);
    if (responseHeaders) return this.#respond(responseHeaders, message);
    if (responseBody) return this.#pass(responseBody);
    if (message.requestTrailers) return goOn({ requestTrailers: {} });
    return message.responseTrailers ? goOn({ responseTrailers: {} }) : null;
  }

  /** The call is over. Of a request that was let go and has no response its client did not wait for one. */
  async end(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "over" };
    if (state.kind !== "admitted") return;
    const { pending, reservation } = state.admitted;
    const id = findHeader(pending.headers, "x-request-id") ?? null;
    const response = { ending: "aborted", usage: null, untold: 0, hasFailed: false } as const;
    const { passage } = pending;
    const request = { id, bytes: 0 };
    await chargeExchange(this.#attendance, { witness: "request", passage, reservation, request, response });
  }

  /** weir stops, and what it has reserved stays so until the response is metered, by whomever. */
  leave(): void {
    this.#state = { kind: "over" };
  }

  async #begin({ headers, endOfStream }: HttpHeaders, message: ProcessingRequest): Promise<Turn> {
    const passage = readPassage(metadataOf(message, AUTHZ_NAMESPACE));
    const api = passage && this.#attendance.gate.policy.apisByRef.get(passage.api);
    if (!passage?.deferred || !api?.ai || !headers) return this.#last({ requestHeaders: {} });
    const pending = { passage, api, terms: api.ai, headers };
    const modeOverride = {
      requestHeaderMode: HeaderSendMode.SEND,
      requestBodyMode: READ_BODY,
      responseHeaderMode: HeaderSendMode.SEND,
      responseBodyMode: BodySendMode.NONE,
    };
    const reply = { requestHeaders: {}, modeOverride };
    if (endOfStream) return this.#admit(pending, null, reply, false);
    this.#state = { kind: "body", pending };
    return goOn(reply);
  }

  async #read({ body, endOfStream }: HttpBody): Promise<Turn> {
    if (this.#state.kind !== "body") return this.#last({ requestBody: {} });
    const { pending } = this.#state;
    const { headers, terms } = pending;
    const path = findHeader(headers, ":path");
    const length = Number(findHeader(headers, "content-length") ?? Number.NaN);
    const contentLength = Number.isSafeInteger(length) ? length : null;
    const request = readInferenceRequest(body, { path, contentLength, isTruncated: !endOfStream });
    const mayAsk = terms.includeUsage !== "off" && takesStreamOptions(path);
    const asking = mayAsk ? askForUsage(body) : null;
    const reply: ProcessingResponseInit = { requestBody: asking ? { response: replaced(asking) } : {} };
    return this.#admit(pending, request, reply, asking !== null && terms.includeUsage === "hide");
  }

  /** Decides, and goes on with the reply if the request may pass. */
  async #admit(
    pending: Pending,
    request: InferenceRequest | null,
    reply: ProcessingResponseInit,
    hides: boolean,
  ): Promise<Turn> {
    const { gate, experience, metrics, log } = this.#attendance;
    const { passage, api, terms, headers } = pending;
    const { policy } = gate;
    const started = performance.now();
    const now = gate.now();
    const model = request?.model ?? null;
    const stated = request ? statedEstimate(request, terms.reservation.completionTokens) : NOTHING;
    const isCapped = request?.maxOutputTokens != null;
    const expected = request ? experience.expected(scopeOf(passage), model, stated, isCapped) : NOTHING;
    const before = chargedBefore(policy, passage);
    const charges = chargesOf(policy, passage);
    const admission = await admit(policy, gate.store, { terms, request, expected, before, charges }, now);
    metrics.took((performance.now() - started) / 1000);
    metrics.decided(api.ref, admission);
    if (admission.kind === "allow" && !admission.wouldDeny && passage.wouldDeny)
      metrics.watched(api.ref, passage.wouldDeny);
    const denial = admission.kind === "deny" ? admission.denial : admission.wouldDeny;
    if (denial && log.isLevelEnabled("debug")) {
      const { application, environment } = passage;
      const about = { api: api.ref, application, environment, model };
      logDenial(log, denial, about, admission.kind === "deny");
    }
    if (admission.kind === "deny") {
      const turn = this.#last(refusal(admission.denial, api, headers, policy, now));
      return { ...turn, returned: before.map(holdOf) };
    }
    const reservation = {
      ...{ id: randomUUID(), model, stated, expected },
      ...{ holds: holdsOf(admission), isWhole: request?.isWhole ?? true },
      full: admission.full.map(({ limit, key }) => ({ limit: limit.id, key })),
    };
    if (reservation.holds.length > 0) metrics.reserved(api.ref, expected);
    this.#state = { kind: "admitted", admitted: { pending, admission, reservation, hides } };
    const told = admission.wouldDeny ? { wouldDeny: reasonOf(admission.wouldDeny) } : {};
    const dynamicMetadata = { [ADMISSION_NAMESPACE]: { ...reservationMetadata(reservation), ...told } };
    return { reply: { ...reply, dynamicMetadata }, isLast: false, charged: admission.charged, returned: [] };
  }

  async #respond({ headers, endOfStream }: HttpHeaders, message: ProcessingRequest): Promise<Turn> {
    if (this.#state.kind !== "admitted") return this.#last({ responseHeaders: {} });
    const { gate } = this.#attendance;
    const { admission, hides } = this.#state.admitted;
    // Without the word on its request, Envoy has answered by itself: nothing has passed, and nobody meters that.
    if (readReservation(metadataOf(message, ADMISSION_NAMESPACE)) === null)
      await release(gate.store, admission.charged, gate.now());
    const { policy } = gate;
    const limits = limitHeaders(policy.headers, admission.binding, admission.standings, true, gate.now());
    const setHeaders = limits.map(([key, value]) => header(key, value));
    if (!hides || endOfStream || !isReadableStream(headers))
      return this.#last({ responseHeaders: { response: { headerMutation: { setHeaders } } } });
    this.#state = { kind: "hiding", filter: new UsageEventFilter() };
    return goOn({
      // A length that counts the chunk would be wrong without it.
      responseHeaders: { response: { headerMutation: { setHeaders, removeHeaders: ["content-length"] } } },
      modeOverride: {
        requestHeaderMode: HeaderSendMode.SEND,
        requestBodyMode: READ_BODY,
        responseHeaderMode: HeaderSendMode.SEND,
        responseBodyMode: BodySendMode.STREAMED,
      },
    });
  }

  #pass({ body, endOfStream }: HttpBody): Turn {
    if (this.#state.kind !== "hiding") return this.#last({ responseBody: {} });
    const { filter } = this.#state;
    const passed = filter.push(body);
    const rest = endOfStream ? filter.end() : new Uint8Array();
    const kept = rest.length > 0 ? Buffer.concat([passed, rest]) : passed;
    return goOn({ responseBody: { response: { bodyMutation: { body: kept } } } }, endOfStream);
  }

  #last(reply: ProcessingResponseInit): Turn {
    this.#state = { kind: "over" };
    return goOn(reply, true);
  }
}

/** The body as far as Envoy holds it: a longer one is not refused, it goes on when its beginning is read. */
const READ_BODY = BodySendMode.BUFFERED_PARTIAL;

const NOTHING: TokenEstimate = { input: 0, output: 0 };

function goOn(reply: ProcessingResponseInit, isLast = false): Turn {
  return { reply, isLast, charged: [], returned: [] };
}

/** What is left to charge. The policy may have changed since the decision: a limit that is gone is skipped. */
function chargesOf({ limits }: Policy, { deferred, usage }: Passage): Charge[] {
  const charge = (amount: number) => {
    return ({ limit: id, key }: CounterRef): Charge[] => {
      const limit = limits.get(id);
      return limit ? [{ limit, key, amount }] : [];
    };
  };
  return [...(deferred?.ofModels ?? []).flatMap(charge(1)), ...usage.flatMap(charge(0))];
}

/** What the request was charged when it was decided on. */
function chargedBefore({ limits }: Policy, { deferred }: Passage): Standing[] {
  return (deferred?.charged ?? []).flatMap(({ limit: id, key, ...found }) => {
    const limit = limits.get(id);
    return limit ? [{ charge: { limit, key, amount: 1 }, ...found }] : [];
  });
}

/** What is to be settled by the usage of the response. */
function holdsOf({ charged }: Extract<Admission, { kind: "allow" }>): HoldRef[] {
  return charged
    .filter(({ limit }) => isUsageLimit(limit))
    .map(({ limit, key, amount, slot }) => ({ limit: limit.id, key, amount, slot }));
}
