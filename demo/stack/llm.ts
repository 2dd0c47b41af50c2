import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { listen, type Running } from "./listen.js";

/** An OpenAI-shaped model server that knows what it has spent. */
export interface Llm extends Running {
  /** In all; an answer that is given up costs what was made of it. */
  readonly spent: { prompt: number; completion: number };
  readonly answers: readonly Answer[];
}

/** What one request cost, and what its client was told of that. */
export interface Answer {
  /** `x-request-id`, as Envoy gave it. */
  readonly requestId: string;
  readonly request: ChatRequest;
  readonly prompt: number;
  completion: number;
  /** The last usage that was sent. */
  told: Usage | null;
  /** `given up` by its client, `reset` by the model server itself. */
  end: "under way" | "complete" | "given up" | "reset";
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export interface ChatRequest {
  readonly model?: string;
  /** Whom it is for; as with OpenAI, the answer does not depend on it. */
  readonly user?: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean; readonly continuous_usage_stats?: boolean };
  /** What the answer is to cost, for callers who want to know beforehand. */
  readonly cost?: { readonly prompt: number; readonly completion: number };
  /** Of a streamed answer, with a part of its cost each; the words of the answer by default. */
  readonly pieces?: number;
  /** Milliseconds between the pieces of a streamed answer; at 0 all are sent at once. */
  readonly pace_ms?: number;
  /** Milliseconds until an answer begins. */
  readonly delay_ms?: number;
  /** After so many pieces of a streamed answer its connection is reset. */
  readonly reset_after?: number;
  /** A status other than 200: an error, which costs nothing. */
  readonly status?: number;
}

const MODEL = "double-1";
const DEFAULT_COST = { prompt: 40, completion: 60 };
const WORDS = "A weir lets through what the river bed below can carry.".split(" ");

/** Serves `POST …/chat/completions`, as one JSON document or as server-sent events of one word each. */
export async function startLlm(address = "127.0.0.1:0"): Promise<Llm> {
  const spent = { prompt: 0, completion: 0 };
  const answers: Answer[] = [];
  const server = createServer((request, response) => {
    answer(request, response, spent, answers).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: String(error), type: "invalid_request_error" } }));
    });
  });
  return { ...(await listen(server, address)), spent, answers };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  spent: Llm["spent"],
  answers: Answer[],
): Promise<void> {
  const body = (await json(request)) as ChatRequest;
  if (body.delay_ms) await sleep(body.delay_ms);
  response.setHeader("content-type", "application/json");
  if (body.status) {
    response.writeHead(body.status);
    response.end(JSON.stringify({ error: { message: "as asked for", type: "server_error" } }));
    return;
  }
  const { cost = DEFAULT_COST, model = MODEL } = body;
  const requestId = String(request.headers["x-request-id"] ?? "");
  const made: Answer = {
    ...{ requestId, request: body },
    ...{ prompt: cost.prompt, completion: 0, told: null, end: "under way" },
  };
  answers.push(made);
  spent.prompt += cost.prompt;
  const spend = (completion: number) => {
    spent.completion += completion - made.completion;
    made.completion = completion;
  };
  if (!body.stream) {
    spend(cost.completion);
    made.told = usageOf(made);
    made.end = "complete";
    const message = { role: "assistant", content: WORDS.join(" ") };
    const choices = [{ index: 0, message }];
    response.end(JSON.stringify({ object: "chat.completion", model, choices, usage: made.told }));
    return;
  }
  response.setHeader("content-type", "text/event-stream");
  const { include_usage = false, continuous_usage_stats = false } = body.stream_options ?? {};
  const send = (choices: unknown[], told: Usage | null) => {
    if (told) made.told = told;
    const chunk = { object: "chat.completion.chunk", model, choices, usage: told };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const { pieces = WORDS.length, pace_ms = 5 } = body;
  for (let piece = 1; piece <= pieces; piece++) {
    spend(Math.floor((cost.completion * piece) / pieces));
    const delta = { content: `${WORDS[(piece - 1) % WORDS.length]} ` };
    send([{ index: 0, delta }], continuous_usage_stats ? usageOf(made) : null);
    if (pace_ms > 0) await sleep(pace_ms);
    if (piece === body.reset_after) {
      made.end = "reset";
      request.socket.resetAndDestroy();
      return;
    }
    if (response.destroyed) {
      made.end = "given up";
      return;
    }
  }
  if (include_usage) send([], usageOf(made));
  made.end = "complete";
  response.end("data: [DONE]\n\n");
}

function usageOf({ prompt, completion }: Answer): Usage {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}
