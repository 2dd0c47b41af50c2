import { createServer } from "node:http";
import { Readable } from "node:stream";
import { listen, type Running } from "./listen.js";

/** A backend that knows how many requests reached it. */
export interface Backend extends Running {
  readonly name: string;
  readonly requests: number;
}

const PIECE = Buffer.alloc(16 * 1024, "weir ");

/** Answers every request with its own name and what it was asked, or with as many bytes as `?size=` says. */
export async function startBackend(name: string, address = "127.0.0.1:0"): Promise<Backend> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    request.resume();
    request.on("end", () => {
      const size = Number(new URLSearchParams(request.url?.split("?")[1]).get("size"));
      if (size > 0) {
        response.setHeader("content-length", size);
        Readable.from(pieces(size)).pipe(response);
        return;
      }
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ backend: name, method: request.method, path: request.url }));
    });
  });
  const running = await listen(server, address);
  return {
    ...running,
    name,
    get requests() {
      return requests;
    },
  };
}

function* pieces(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= PIECE.length) yield PIECE.subarray(0, left);
}
