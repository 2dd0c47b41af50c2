import { Agent, type IncomingHttpHeaders, request } from "node:http";
import type { ChatRequest } from "../../../demo/stack/llm.js";

export interface StreamRequest {
  /** Which API it is for: all have the same path. */
  readonly host: string;
  readonly apiKey?: string;
  readonly body: ChatRequest & { readonly messages: readonly object[] } & Readonly<Record<string, unknown>>;
  /** The client goes away so long after it has asked. */
  readonly leaveAfterMs?: number;
}

/** An answer as its client saw it. Times are since the request was sent. */
export interface StreamRecord {
  /** 0 where there was none. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether it came to an end as HTTP has it. */
  readonly isWhole: boolean;
  /** When the body began; null if it did not. */
  readonly firstByteMs: number | null;
  /** When each event of the body was there, to its empty line. */
  readonly eventMs: readonly number[];
  readonly totalMs: number;
}

const EVENT_END = "\n\n";

/** Asks one gateway, on as many kept-alive connections as there are requests at a time. */
export class Client {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.#port = port;
  }

  /** Never rejects: what went wrong is in the record. */
  ask({ host, apiKey, body, leaveAfterMs }: StreamRequest): Promise<StreamRecord> {
    const content = JSON.stringify(body);
    const headers = {
      ...{ host, "content-type": "application/json", "content-length": Buffer.byteLength(content) },
      ...(apiKey === undefined ? {} : { "x-api-key": apiKey }),
    };
    const target = { host: "127.0.0.1", port: this.#port, agent: this.#agent, headers };
    return new Promise((resolve) => {
      const startedMs = performance.now();
      const eventMs: number[] = [];
      let firstByteMs: number | null = null;
      let text = "";
      let isWhole = false;
      let head: { status: number; headers: IncomingHttpHeaders } = { status: 0, headers: {} };
      let leaving: NodeJS.Timeout | undefined;
      const sinceMs = () => performance.now() - startedMs;
      const done = () => {
        clearTimeout(leaving);
        resolve({ ...head, body: text, isWhole, firstByteMs, eventMs, totalMs: sinceMs() });
      };
      const outgoing = request(
        { ...target, method: "POST", path: "/chat/v1/chat/completions" },
        (response) => {
          head = { status: response.statusCode ?? 0, headers: response.headers };
          response.setEncoding("utf8");
          response.on("data", (piece: string) => {
            const atMs = sinceMs();
            firstByteMs ??= atMs;
            // An end of an event may be cut in two.
            let at = Math.max(0, text.length - EVENT_END.length + 1);
            text += piece;
            for (at = text.indexOf(EVENT_END, at); at >= 0; at = text.indexOf(EVENT_END, at)) {
              eventMs.push(atMs);
              at += EVENT_END.length;
            }
          });
          response.on("end", () => {
            isWhole = response.complete;
          });
          response.on("error", () => {});
          response.on("close", done);
        },
      );
      outgoing.on("error", done);
      outgoing.end(content);
      if (leaveAfterMs !== undefined) leaving = setTimeout(() => outgoing.destroy(), leaveAfterMs);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
