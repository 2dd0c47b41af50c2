import type { Hold } from "../../src/decision/admit.js";
import { release } from "../../src/decision/admit.js";
import { decide } from "../../src/decision/decide.js";
import type { Decision } from "../../src/decision/decision.js";
import { AdmissionStream } from "../../src/envoy/admission-stream.js";
import type { Attendance } from "../../src/envoy/attendance.js";
import { AUTHZ_NAMESPACE, decisionMetadata } from "../../src/envoy/metadata.js";
import { ADMISSION_NAMESPACE, type Reservation, readReservation } from "../../src/envoy/reservation.js";
import { UsageStream } from "../../src/envoy/usage-stream.js";
import { ProcessingRequest } from "../../src/envoy/wire/ext-proc-request.js";
import { ProcessingResponse } from "../../src/envoy/wire/ext-proc-response.js";
import type { JsonObject } from "../../src/envoy/wire/struct.js";
import { requestOf } from "../support/requests.js";

type MessageInit = Parameters<typeof ProcessingRequest.encode>[0];
type Pairs = readonly (readonly [name: string, value: string])[];

/** What a client sends. */
export interface Sent {
  readonly id: string;
  readonly key: string;
  /** Null for a request without a body. */
  readonly body: Buffer | null;
}

/** Who admits and who meters, of whom Envoy tells one or the other first that a client has gone. */
export type Watcher = "admission" | "metering";

/** What the admission said to a request. */
export type Word =
  | { readonly kind: "denied" }
  /** Nothing was left open: the decision of ext_authz is all there is. */
  | { readonly kind: "decided" }
  | { readonly kind: "admitted"; readonly reservation: Reservation };

/**
 * Envoy's part in one exchange with a model: it asks ext_authz, has the request admitted, shows the exchange to whoever
 * meters it, and hands metadata on from each filter to the next. All messages go over the wire.
 */
export class EnvoyExchange {
  readonly #attendance: Attendance;
  readonly #sent: Sent;
  readonly #metadata = new Map<string, JsonObject>();
  readonly #admission: AdmissionStream;
  readonly #metering: UsageStream;
  #charged: readonly Hold[] = [];

  constructor(attendance: Attendance, sent: Sent) {
    this.#attendance = attendance;
    this.#sent = sent;
    this.#admission = new AdmissionStream(attendance);
    this.#metering = new UsageStream(attendance);
  }

  async check(): Promise<Decision> {
    const { policy, store, now } = this.#attendance.gate;
    const headers = { "x-api-key": this.#sent.key };
    const decision = await decide(policy, store, requestOf({ path: PATH, method: "POST", headers }), now());
    this.#metadata.set(AUTHZ_NAMESPACE, decisionMetadata(decision));
    return decision;
  }

  /** Shows headers and body to who admits; with `isHeard` false the word comes too late for Envoy. */
  async admit(isHeard: boolean): Promise<Word> {
    const { body } = this.#sent;
    const isWhole = body === null;
    let turn = await this.#admission.receive(this.#message({ requestHeaders: this.#request(isWhole) }));
    if (turn && !turn.isLast && body)
      turn = await this.#admission.receive(this.#message({ requestBody: { body, endOfStream: true } }));
    if (!turn) throw new Error("no answer");
    const reply = ProcessingResponse.decode(ProcessingResponse.encode(turn.reply));
    const word = reply.dynamicMetadata?.[ADMISSION_NAMESPACE] as JsonObject | undefined;
    const reservation = readReservation(word);
    if (reservation === null) return { kind: "decided" };
    if (!isHeard) {
      this.#admission.leave();
      await release(this.#attendance.gate.store, turn.charged, this.#attendance.gate.now());
    } else {
      await release(this.#attendance.gate.store, turn.returned, this.#attendance.gate.now());
      if (word) this.#metadata.set(ADMISSION_NAMESPACE, word);
    }
    if (reservation === "denied") return { kind: "denied" };
    this.#charged = turn.charged;
    return { kind: "admitted", reservation };
  }

  /** What was charged when it was admitted. */
  get charged(): readonly Hold[] {
    return this.#charged;
  }

  /** The request goes on to its backend, past who meters it. */
  async letGo(): Promise<void> {
    await this.#metering.receive(this.#message({ requestHeaders: this.#request(this.#sent.body === null) }));
  }

  async respond(status: string, type: string, to: readonly Watcher[] = ["metering", "admission"]) {
    const headers = headersOf([
      [":status", status],
      ["content-type", type],
    ]);
    for (const watcher of to) {
      const message = this.#message({ responseHeaders: { headers } });
      await (watcher === "admission" ? this.#admission.receive(message) : this.#metering.receive(message));
    }
  }

  /** Envoy answers by itself, before the word on the request has come to anybody. */
  async respondLocally(status: string): Promise<void> {
    this.#metadata.delete(ADMISSION_NAMESPACE);
    await this.respond(status, "text/plain");
  }

  async sendBody(body: Buffer, endOfStream: boolean): Promise<void> {
    await this.#metering.receive(this.#message({ responseBody: { body, endOfStream } }));
  }

  /** The calls are over, one after the other or at once. */
  async close(order: readonly Watcher[], atOnce: boolean): Promise<void> {
    const ends = order.map((watcher) => () => {
      return watcher === "admission" ? this.#admission.end() : this.#metering.end("aborted");
    });
    if (atOnce) await Promise.all(ends.map((end) => end()));
    else for (const end of ends) await end();
  }

  /** weir stops. */
  async stop(): Promise<void> {
    this.#admission.leave();
    await this.#metering.end("stopping");
  }

  #request(endOfStream: boolean) {
    const headers = headersOf([
      [":path", PATH],
      [":method", "POST"],
      ["x-request-id", this.#sent.id],
      ["content-length", String(this.#sent.body?.length ?? 0)],
    ]);
    return { headers, endOfStream };
  }

  #message(init: MessageInit): ProcessingRequest {
    const metadataContext = { filterMetadata: this.#metadata };
    return ProcessingRequest.decode(ProcessingRequest.encode({ ...init, metadataContext }));
  }
}

const PATH = "/chat/completions";

function headersOf(headers: Pairs) {
  return { headers: headers.map(([key, value]) => ({ key, rawValue: Buffer.from(value) })) };
}
