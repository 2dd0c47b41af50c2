import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Registry } from "prom-client";
import { WeirError } from "../errors.js";
import { type Address, formatAddress } from "../net/address.js";
import { removeStaleSocket } from "../net/stale-socket.js";

/** What the admin port tells. */
export interface AdminSources {
  readonly metrics: Registry;
  /** Why weir should get no traffic, or null when it should. */
  notReady(): string | null;
}

/**
 * The HTTP side for operators: `/healthz` (the process lives), `/readyz` (send it traffic) and `/metrics`
 * (Prometheus). It has no authentication and belongs on loopback or a private network.
 */
export class AdminServer {
  readonly #server: Server;

  constructor(sources: AdminSources) {
    this.#server = createServer((request, response) => {
      answer(sources, request, response).catch((error: unknown) => {
        send(response, 500, "text/plain", `${String(error)}\n`);
      });
    });
  }

  /** Returns the address with the port that it got. Throws LISTEN_FAILED. */
  async listen(address: Address): Promise<Address> {
    if (address.kind === "unix") await removeStaleSocket(address.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error) => {
        const message = `cannot listen on ${formatAddress(address)}: ${error.message}`;
        reject(new WeirError("LISTEN_FAILED", message, { cause: error }));
      });
      this.#server.listen(address.kind === "unix" ? { path: address.path } : address, resolve);
    });
    const bound = this.#server.address();
    return address.kind === "tcp" && typeof bound === "object" && bound
      ? { ...address, port: bound.port }
      : address;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function answer(
  sources: AdminSources,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return send(response, 405, "text/plain", "only GET\n");
  }
  const [path] = (request.url ?? "/").split("?");
  switch (path) {
    case "/healthz":
      return send(response, 200, "text/plain", "ok\n");
    case "/readyz": {
      const reason = sources.notReady();
      return send(response, reason === null ? 200 : 503, "text/plain", `${reason ?? "ready"}\n`);
    }
    case "/metrics":
      return send(response, 200, sources.metrics.contentType, await sources.metrics.metrics());
    default:
      return send(response, 404, "text/plain", "there are /healthz, /readyz and /metrics\n");
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType }).end(body);
}
