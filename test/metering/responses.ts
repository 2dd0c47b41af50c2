import type { Usage } from "../../src/metering/usage.js";

/** Responses of our own making, each with what it used. */
export interface SampleResponse {
  name: string;
  contentType: string;
  body: string;
  used: Usage;
}

const KYOTO = { prompt_tokens: 812, completion_tokens: 57, total_tokens: 869 };
const KYOTO_DETAILED = {
  ...KYOTO,
  prompt_tokens_details: { cached_tokens: 640, cache_write_tokens: 96, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 21, rejected_prediction_tokens: 0 },
};
const KYOTO_USED: Usage = {
  input: 812,
  output: 57,
  total: 869,
  cachedInput: 640,
  cacheWriteInput: 96,
  reasoning: 21,
  model: "weir-test-1",
  complete: true,
};
const PLAIN_USED: Usage = { ...KYOTO_USED, cachedInput: 0, cacheWriteInput: 0, reasoning: 0 };
/** Looks like usage to a search, and is text. */
const DECOY = '京都 🦊 "usage":{"prompt_tokens":5} \\"usage\\": {"total_tokens": 7}\\';

/** One event of a stream whose data is the JSON of `document`. */
export function event(document: unknown): string {
  return `data: ${JSON.stringify(document)}\n\n`;
}

/** A chunk of a streamed chat completion. */
export function chatChunk(content: string, rest: Record<string, unknown> = {}): Record<string, unknown> {
  const choices = [{ index: 0, delta: { content }, finish_reason: null }];
  return { id: "c1", object: "chat.completion.chunk", model: "weir-test-1", choices, ...rest };
}

const STOPPED = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };

export const CHAT: SampleResponse = {
  name: "a chat completion",
  contentType: "application/json",
  body: JSON.stringify(
    {
      id: "c1",
      usage_note: { usage: { prompt_tokens: 3 } },
      choices: [{ index: 0, message: { content: DECOY, usage: { prompt_tokens: 4 } } }],
      usage: KYOTO_DETAILED,
      model: "weir-test-1",
      error: null,
    },
    null,
    2,
  ),
  used: KYOTO_USED,
};

export const CHAT_STREAM: SampleResponse = {
  name: "a streamed chat completion",
  contentType: "text/event-stream; charset=utf-8",
  body: [
    event(chatChunk("", { model: "", choices: [], usage: null })),
    event(chatChunk(DECOY, { usage: null })),
    ": a comment\n\n",
    event(chatChunk("é", { usage: null })),
    event(chatChunk("", { ...STOPPED, usage: null })),
    event(chatChunk("", { choices: [], usage: KYOTO_DETAILED })),
    "data: [DONE]\n\n",
  ].join(""),
  used: KYOTO_USED,
};

export const CONTINUOUS_STREAM: SampleResponse = {
  name: "a stream with the usage so far in every event",
  contentType: "text/event-stream",
  body: [
    event(chatChunk("", { usage: { ...KYOTO, completion_tokens: 0, total_tokens: 812 } })),
    event(chatChunk("a", { usage: { ...KYOTO, completion_tokens: 20, total_tokens: 832 } })),
    event(chatChunk("b", { usage: { ...KYOTO, completion_tokens: 56, total_tokens: 868 } })),
    event(chatChunk("", { ...STOPPED, usage: KYOTO })),
    "data: [DONE]\n\n",
  ].join(""),
  used: PLAIN_USED,
};

export const LAST_CHOICE_STREAM: SampleResponse = {
  name: "a stream with usage beside its last choice and no end marker",
  contentType: "text/event-stream",
  body: event(chatChunk("a")) + event(chatChunk("b")) + event(chatChunk("", { ...STOPPED, usage: KYOTO })),
  used: PLAIN_USED,
};

export const EMBEDDINGS: SampleResponse = {
  name: "embeddings",
  contentType: "application/json",
  body: '{"object":"list","data":[{"embedding":[0.5,-1e-3]}],"model":"embed-1","usage":{"prompt_tokens":8,"total_tokens":8}}',
  used: { ...PLAIN_USED, input: 8, output: 0, total: 8, model: "embed-1" },
};

export const RESPONSES: readonly SampleResponse[] = [
  CHAT,
  CHAT_STREAM,
  CONTINUOUS_STREAM,
  LAST_CHOICE_STREAM,
  EMBEDDINGS,
];
