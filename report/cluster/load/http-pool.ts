import { HttpConnection, type OnAnswer } from "./http-connection.js";

/** As many connections to one port as there are requests in flight: none waits for another's answer. */
export class HttpPool {
  readonly #port: number;
  readonly #idle: HttpConnection[] = [];
  readonly #all = new Set<HttpConnection>();

  constructor(port: number) {
    this.#port = port;
  }

  /** The most that were open at once, as none is closed before the end. */
  get connections(): number {
    return this.#all.size;
  }

  get(path: string, apiKey: string | null, onAnswer: OnAnswer): void {
    const key = apiKey === null ? "" : `x-api-key: ${apiKey}\r\n`;
    const connection = this.#idle.pop() ?? this.#open();
    connection.send(`GET ${path} HTTP/1.1\r\nhost: gateway.example\r\n${key}\r\n`, (status, body) => {
      if (this.#all.has(connection)) this.#idle.push(connection);
      onAnswer(status, body);
    });
  }

  close(): void {
    for (const connection of this.#all) connection.close();
  }

  #open(): HttpConnection {
    const connection = new HttpConnection(this.#port, (ended) => {
      this.#all.delete(ended);
      const index = this.#idle.indexOf(ended);
      if (index >= 0) this.#idle.splice(index, 1);
    });
    this.#all.add(connection);
    return connection;
  }
}
