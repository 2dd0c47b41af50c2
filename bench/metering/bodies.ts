import { gzipSync } from "node:zlib";
import { crc32 } from "../../src/metering/crc32.js";
import type { Provider } from "../../src/metering/providers.js";

export const bodyNames = [
  "embeddings",
  "image",
  "chatEvents",
  "usageEvents",
  "gzippedEvents",
  "bedrockMessages",
  "jsonLines",
] as const;
export type BodyName = (typeof bodyNames)[number];

/** A response to read. */
export interface BenchBody {
  readonly provider: Provider;
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
  readonly bytes: Buffer;
  /** Before compression. */
  readonly plainBytes: number;
  readonly documents: number;
}

/** The tokens that each of them tells, so that what is measured is known to have been read. */
export const TOKENS_USED = 42;

const LARGE_BYTES = 8_000_000;
const EVENTS = 5000;

const usage = { prompt_tokens: 30, completion_tokens: 12, total_tokens: TOKENS_USED };
const WORDS = [
  "The",
  " water",
  " that",
  " runs",
  " over",
  " a",
  " weir",
  " is",
  " measured",
  " –",
  " by",
  " its",
  " depth",
];

function wordOf(index: number): string {
  return WORDS[index % WORDS.length] ?? "";
}

/** What OpenAI sends for one token of an answer. */
function chatChunk(index: number, rest: object): object {
  return {
    id: "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG",
    object: "chat.completion.chunk",
    created: 1_767_225_600,
    model: "gpt-4o-2024-08-06",
    service_tier: "default",
    system_fingerprint: "fp_fc9f1d7035",
    choices: [{ index: 0, delta: { content: wordOf(index) }, logprobs: null, finish_reason: null }],
    ...rest,
  };
}

function sse(documents: readonly object[]): Buffer {
  return Buffer.from(
    `${documents.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("")}data: [DONE]\n\n`,
  );
}

function counted(of: (index: number) => object): object[] {
  return Array.from({ length: EVENTS }, (_, index) => of(index));
}

function awsMessage(type: string, payload: object): Buffer {
  const named = { ":event-type": type, ":content-type": "application/json", ":message-type": "event" };
  const headers = Buffer.concat(
    Object.entries(named).map(([name, value]) =>
      Buffer.from([name.length, ...Buffer.from(name), 7, 0, value.length, ...Buffer.from(value)]),
    ),
  );
  const content = Buffer.from(JSON.stringify(payload));
  const message = Buffer.alloc(16 + headers.length + content.length);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, 12);
  content.copy(message, 12 + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, -4)), message.length - 4);
  return message;
}

export function makeBodies(): Readonly<Record<BodyName, BenchBody>> {
  const plain = (provider: Provider, contentType: string, bytes: Buffer, documents: number): BenchBody => ({
    provider,
    contentType,
    contentEncoding: undefined,
    bytes,
    plainBytes: bytes.length,
    documents,
  });
  const large = (before: string, filling: string, after: string) =>
    plain(
      "openai",
      "application/json",
      Buffer.from(`${before}${filling.repeat(LARGE_BYTES / filling.length)}${after}`),
      1,
    );
  const model = `"model":"m","usage":${JSON.stringify(usage)}}`;
  const chat = counted((i) => chatChunk(i, { usage: null }));
  const chatEvents = plain(
    "openai",
    "text/event-stream",
    sse([...chat, { ...chatChunk(0, { usage }), choices: [] }]),
    EVENTS + 1,
  );
  const converse = counted((i) => ({ contentBlockIndex: 0, delta: { text: wordOf(i) }, p: "abcdefghijklm" }));
  const bedrock = Buffer.concat([
    ...converse.map((payload) => awsMessage("contentBlockDelta", payload)),
    awsMessage("metadata", { usage: { inputTokens: 30, outputTokens: 12, totalTokens: TOKENS_USED } }),
  ]);
  const ollama = counted((i) => ({
    model: "llama3.2",
    created_at: "2026-01-01T00:00:00.000000Z",
    message: { role: "assistant", content: wordOf(i) },
    done: false,
  }));
  const lines = [...ollama, { model: "llama3.2", done: true, prompt_eval_count: 30, eval_count: 12 }];
  return {
    embeddings: large('{"data":[{"embedding":[0', ",-0.0123456789", `]}],${model}`),
    image: large('{"data":[{"b64_json":"', "iVBORw0KGgoAAAAN", `"}],${model}`),
    chatEvents,
    usageEvents: plain("vllm", "text/event-stream", sse(counted((i) => chatChunk(i, { usage }))), EVENTS),
    gzippedEvents: { ...chatEvents, contentEncoding: "gzip", bytes: gzipSync(chatEvents.bytes) },
    bedrockMessages: plain("bedrock-converse", "application/vnd.amazon.eventstream", bedrock, EVENTS + 1),
    jsonLines: plain(
      "ollama",
      "application/x-ndjson",
      Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join("")),
      lines.length,
    ),
  };
}
