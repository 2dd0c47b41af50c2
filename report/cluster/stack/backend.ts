import { createServer } from "node:http";
import { listen, type Running } from "../../../demo/stack/listen.js";

/** The one backend behind all gateways: tells which requests came, by the number at the end of their path, and when. */
export async function startArrivals(onArrived: (number: number, atMs: number) => void): Promise<Running> {
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    const number = Number.parseInt(url.slice(url.lastIndexOf("/") + 1), 10);
    if (Number.isInteger(number)) onArrived(number, Date.now());
    response.writeHead(200, { "content-length": 2 });
    response.end("ok");
  });
  // A connection that is closed while Envoy sends on it would be a failure of the backend.
  server.keepAliveTimeout = 0;
  return listen(server, "127.0.0.1:0");
}
