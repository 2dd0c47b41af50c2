import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createHttp2Server, createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Certificate } from "../support/certificates.js";

/** What a backend was asked. */
export interface Asked {
  readonly backend: string;
  readonly path: string;
  /** Host or :authority. */
  readonly host: string;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Echo {
  readonly port: number;
  stop(): Promise<void>;
}

interface Request {
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface Response {
  setHeader(name: string, value: string): unknown;
  end(text: string): unknown;
}

/** A backend that answers with what it was asked: in HTTP/1.1, or HTTP/2 alone; in clear text, or with TLS. */
export async function startEcho(
  backend: string,
  { http2 = false, tls = null as Certificate | null } = {},
): Promise<Echo> {
  const answer = ({ url, httpVersion, headers }: Request, response: Response) => {
    const host = headers[":authority"] ?? headers["host"];
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ backend, path: url, host, httpVersion, headers }));
  };
  const certificate = tls && { cert: await readFile(tls.certFile), key: await readFile(tls.keyFile) };
  const server = certificate
    ? http2
      ? createSecureServer(certificate, answer)
      : createHttpsServer(certificate, answer)
    : http2
      ? createHttp2Server(answer)
      : createServer(answer);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
