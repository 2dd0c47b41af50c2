import { Server, ServerCredentials } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { WeirError } from "../errors.js";
import { type Address, formatAddress } from "../net/address.js";
import { removeStaleSocket } from "../net/stale-socket.js";
import type { AccessLog } from "./access-log.js";
import type { Processor } from "./processor.js";
import {
  type AuthorizationHandlers,
  accessLogService,
  authorizationService,
  externalProcessorService,
} from "./wire/services.js";

export interface EnvoyServices {
  readonly authorization: AuthorizationHandlers;
  readonly processor: Processor;
  readonly accessLog: AccessLog;
}

/** Bounds what a broken or hostile peer can make the server hold. */
const limits = {
  /** A CheckRequest carries headers, which Envoy bounds at 60 KiB; an ext_proc message as much as Envoy's buffers hold. */
  "grpc.max_receive_message_length": 64 * 1024 * 1024,
  /** Every request that passes through Envoy is a stream, and one connection carries them all. */
  "grpc.max_concurrent_streams": 10_000,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
};

/** How long a stopping server still takes access log entries: Envoy holds them back for a fraction of it. */
const LAST_ENTRIES_MS = 1000;

/** The gRPC side: the services that Envoy calls, and grpc.health.v1.Health for load balancers and probes. */
export class EnvoyServer {
  readonly #server = new Server(limits);
  readonly #health = new HealthImplementation({ "": "SERVING" });
  readonly #accessLog: AccessLog;
  readonly #processor: Processor;

  constructor({ authorization, processor, accessLog }: EnvoyServices) {
    this.#accessLog = accessLog;
    this.#processor = processor;
    this.#server.addService(authorizationService, authorization);
    this.#server.addService(externalProcessorService, processor.handlers);
    this.#server.addService(accessLogService, accessLog.handlers);
    this.#health.addToServer(this.#server);
  }

  /** Returns the address with the port that it got. Throws LISTEN_FAILED. */
  async listen(address: Address, credentials = ServerCredentials.createInsecure()): Promise<Address> {
    if (address.kind === "unix") await removeStaleSocket(address.path);
    const text = formatAddress(address);
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(text, credentials, (error, bound) => {
        if (!error) return resolve(bound);
        reject(
          new WeirError("LISTEN_FAILED", `cannot listen on ${text}: ${error.message}`, { cause: error }),
        );
      });
    });
    return address.kind === "unix" ? address : { ...address, port };
  }

  /** Tells health checks to send no more, and goes on serving. */
  announceStop(): void {
    this.#health.setStatus("", "NOT_SERVING");
  }

  /** Takes no new calls and waits for those that run; cuts them off after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.announceStop();
    const cutOff = setTimeout(async () => {
      await this.#processor.hangUp();
      this.#server.forceShutdown();
    }, graceMs);
    // Other calls end with their request; these would last as long as Envoy does.
    const hangUp = setTimeout(() => this.#accessLog.hangUp(), LAST_ENTRIES_MS);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(hangUp);
    clearTimeout(cutOff);
  }
}
