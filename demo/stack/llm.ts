import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { listen, type Running } from "./listen.js";

/** An OpenAI-shaped model server that knows what it has spent. */
export interface Llm extends Running {
  readonly spent: { prompt: number; completion: number };
}

interface ChatRequest {
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  /** What the answer is to cost, for callers who want to know beforehand. */
  readonly cost?: { readonly prompt: number; readonly completion: number };
  /** Milliseconds between the pieces of a streamed answer. */
  readonly pace_ms?: number;
}

const MODEL = "double-1";
const DEFAULT_COST = { prompt: 40, completion: 60 };

/** Serves `POST …/chat/completions`, as one JSON document or as server-sent events of one word each. */
export async function startLlm(address = "127.0.0.1:0"): Promise<Llm> {
  const spent = { prompt: 0, completion: 0 };
  const server = createServer((request, response) => {
    answer(request, response, spent).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: String(error), type: "invalid_request_error" } }));
    });
  });
  return { ...(await listen(server, address)), spent };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  spent: Llm["spent"],
): Promise<void> {
  const body = (await json(request)) as ChatRequest;
  const cost = body.cost ?? DEFAULT_COST;
  spent.prompt += cost.prompt;
  spent.completion += cost.completion;
  const usage = {
    prompt_tokens: cost.prompt,
    completion_tokens: cost.completion,
    total_tokens: cost.prompt + cost.completion,
  };
  const words = "A weir lets through what the river bed below can carry.".split(" ");
  if (!body.stream) {
    response.setHeader("content-type", "application/json");
    const message = { role: "assistant", content: words.join(" ") };
    response.end(
      JSON.stringify({ object: "chat.completion", model: MODEL, choices: [{ index: 0, message }], usage }),
    );
    return;
  }
  response.setHeader("content-type", "text/event-stream");
  const send = (data: unknown) => response.write(`data: ${JSON.stringify(data)}\n\n`);
  for (const word of words) {
    const choices = [{ index: 0, delta: { content: `${word} ` } }];
    send({ object: "chat.completion.chunk", model: MODEL, choices, usage: null });
    await sleep(body.pace_ms ?? 5);
    if (response.destroyed) return;
  }
  if (body.stream_options?.include_usage) {
    send({ object: "chat.completion.chunk", model: MODEL, choices: [], usage });
  }
  response.end("data: [DONE]\n\n");
}
