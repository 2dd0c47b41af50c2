import { createServer } from "node:http";
import { listen, type Running } from "./listen.js";

/** A backend that knows how many requests reached it. */
export interface Backend extends Running {
  readonly name: string;
  readonly requests: number;
}

/** Answers every request with its own name and what it was asked. */
export async function startBackend(name: string, address = "127.0.0.1:0"): Promise<Backend> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    request.resume();
    request.on("end", () => {
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
