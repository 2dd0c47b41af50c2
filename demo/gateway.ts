import { Agent, request } from "node:http";

export interface ClientRequest {
  readonly method: string;
  readonly path: string;
  /** The x-api-key, if any. */
  readonly key: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ClientResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A client of the gateway, with up to `connections` connections at once. */
export class Gateway {
  readonly #port: number;
  readonly #agent: Agent;

  constructor(port: number, connections = 10) {
    this.#port = port;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  one({ method, path, key, headers = {}, body = "" }: ClientRequest): Promise<ClientResponse> {
    const sent: Record<string, string | number> = { ...headers, "content-length": Buffer.byteLength(body) };
    if (key !== null) sent["x-api-key"] = key;
    return new Promise((resolve, reject) => {
      const options = {
        host: "127.0.0.1",
        port: this.#port,
        agent: this.#agent,
        method,
        path,
        headers: sent,
      };
      const outgoing = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  /** The same request `times` times, as many at once as there are connections. */
  many(times: number, request: ClientRequest): Promise<ClientResponse[]> {
    return Promise.all(Array.from({ length: times }, () => this.one(request)));
  }

  /** One chat completion, to its end. `more` goes into its body. */
  chat(key: string, stream: boolean, more: object = {}, api = "/chat/v1"): Promise<ClientResponse> {
    const messages = [{ role: "user", content: "What is a weir?" }];
    const options = stream ? { stream, stream_options: { include_usage: true } } : {};
    return this.one({
      method: "POST",
      path: `${api}/chat/completions`,
      key,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "double-1", messages, ...options, ...more }),
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
