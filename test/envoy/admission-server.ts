import assert from "node:assert/strict";
import { Client, credentials } from "@grpc/grpc-js";
import { MemoryStore } from "../../src/counters/memory.js";
import type { CounterStore } from "../../src/counters/store.js";
import { decide } from "../../src/decision/decide.js";
import type { Gate } from "../../src/decision/gate.js";
import { createAccessLog } from "../../src/envoy/access-log.js";
import { createAuthorization } from "../../src/envoy/authorization.js";
import { AUTHZ_NAMESPACE, decisionMetadata } from "../../src/envoy/metadata.js";
import { createProcessor } from "../../src/envoy/processor.js";
import { EnvoyServer } from "../../src/envoy/server.js";
import { ProcessingRequest } from "../../src/envoy/wire/ext-proc-request.js";
import { ProcessingResponse } from "../../src/envoy/wire/ext-proc-response.js";
import { externalProcessorService } from "../../src/envoy/wire/services.js";
import type { JsonObject } from "../../src/envoy/wire/struct.js";
import { LearnedEstimates } from "../../src/inference/estimate.js";
import { formatAddress } from "../../src/net/address.js";
import type { Unit } from "../../src/policy/limit.js";
import type { Policy } from "../../src/policy/policy.js";
import { createLogger } from "../../src/telemetry/logger.js";
import type { LedgerLine } from "../e2e/ledger.js";
import { createMetrics } from "../support/metrics.js";
import { requestOf } from "../support/requests.js";

export const NOW = Date.UTC(2026, 0, 1, 12, 0, 10);
export const PATH = "/chat/completions";

export type MessageInit = Parameters<typeof ProcessingRequest.encode>[0];

/** How long who admitted a request waits for somebody who knows more. */
export const PATIENCE_MS = 200;

/** The gRPC side of weir at a time that stands still, with a store that can be made to take long. */
export async function startAdmissionServer(policy: Policy) {
  const memory = new MemoryStore({ maxCounters: 10_000 });
  let deciding: { readonly reached: () => void; readonly goOn: Promise<void> } | null = null;
  const store: CounterStore = {
    async charge(charges, now) {
      const outcome = memory.charge(charges, now);
      deciding?.reached();
      await deciding?.goOn;
      return outcome;
    },
    add: (charges, now) => memory.add(charges, now),
    adjust: (adjustments, now) => memory.adjust(adjustments, now),
  };
  const gate: Gate = { policy, store, now: () => NOW };
  const metrics = createMetrics();
  const ledger: LedgerLine[] = [];
  const log = createLogger("info", {
    write: (text: string) => {
      const line = JSON.parse(text);
      if (line.msg === "ledger") ledger.push(line);
    },
  });
  const server = new EnvoyServer({
    authorization: createAuthorization(gate, metrics, log),
    processor: createProcessor({ gate, experience: new LearnedEstimates(), metrics, log }, PATIENCE_MS),
    accessLog: createAccessLog(gate, metrics, log),
  });
  const address = await server.listen({ kind: "tcp", host: "127.0.0.1", port: 0 });
  const client = new Client(formatAddress(address), credentials.createInsecure());
  const open = () => new Conversation(client);
  return {
    ledger,
    open,
    /** What ext_authz hands on of a request. */
    async authorized(path = PATH): Promise<JsonObject> {
      const decision = await decide(policy, memory, requestOf({ method: "POST", path }), NOW);
      assert.equal(decision.kind, "allow");
      return decisionMetadata(decision);
    },
    /** From now on the store has charged what it is asked to, and does not say so. */
    hold() {
      let goOn = () => {};
      let reached = () => {};
      const isReached = new Promise<void>((resolve) => {
        reached = resolve;
      });
      deciding = {
        reached,
        goOn: new Promise((resolve) => {
          goOn = resolve;
        }),
      };
      return {
        reached: isReached,
        goOn() {
          deciding = null;
          goOn();
        },
      };
    },
    /** Resolves when weir has read all that was sent to it before. */
    async heard() {
      for (let i = 0; i < 2; i++) {
        const call = open();
        await call.say({ requestHeaders: {} });
        await call.ended;
      }
    },
    used(unit: Unit): number {
      const limits = [...policy.limits.values()].filter((limit) => limit.unit === unit);
      const charges = limits.map((limit) => ({ limit, key: "", amount: 0 }));
      return memory.charge(charges, NOW).standings.reduce((sum, { used }) => sum + used, 0);
    },
    async stop() {
      client.close();
      await server.stop(0);
    },
  };
}

export type AdmissionServer = Awaited<ReturnType<typeof startAdmissionServer>>;

/** Envoy's side of a call to ext_proc. */
export class Conversation {
  readonly #call;
  readonly #replies: ProcessingResponse[] = [];
  #awaiting: ((reply: ProcessingResponse) => void) | null = null;
  /** Resolves when the call is over, for whatever reason. */
  readonly ended: Promise<void>;

  constructor(client: Client) {
    const { path } = externalProcessorService.process;
    this.#call = client.makeBidiStreamRequest(path, ProcessingRequest.encode, ProcessingResponse.decode);
    this.#call.on("data", (reply: ProcessingResponse) => {
      if (this.#awaiting) this.#awaiting(reply);
      else this.#replies.push(reply);
      this.#awaiting = null;
    });
    this.ended = new Promise((resolve) => {
      this.#call.on("end", () => {
        this.#call.end();
        resolve();
      });
      this.#call.on("error", () => resolve());
    });
  }

  tell(message: MessageInit): void {
    this.#call.write(message);
  }

  /** Tells a message and returns what is answered. */
  async say(message: MessageInit): Promise<ProcessingResponse> {
    this.tell(message);
    const waiting = this.#replies.shift();
    if (waiting) return waiting;
    return new Promise((resolve, reject) => {
      this.#awaiting = resolve;
      this.ended.then(() => reject(new Error("the call ended without an answer")));
    });
  }

  async cancel(): Promise<void> {
    this.#call.cancel();
    await this.ended;
  }
}

export function headersOf(headers: Readonly<Record<string, string>>) {
  return {
    headers: Object.entries(headers).map(([key, value]) => ({ key, rawValue: Buffer.from(value) })),
  };
}

/** Metadata of earlier filters, as a message carries it. */
export function contextOf(authorized: JsonObject, admission?: JsonObject | null) {
  const filterMetadata = new Map([[AUTHZ_NAMESPACE, authorized]]);
  if (admission) filterMetadata.set("weir", admission);
  return { metadataContext: { filterMetadata } };
}
