import type { Format } from "../format.js";
import { isJsonObject, type JsonObject, membersOf } from "../json-object.js";
import { normaliseCounts, type TokenCounts, toTokenCount } from "../usage.js";

const TYPES = /^(?:message(?:_start|_delta|_stop)?|content_block_(?:start|delta|stop)|ping)$/;

/** Figures as Anthropic tells them, which leave what was read from a cache or written to one out of `input`. */
interface Figures {
  input: number;
  cacheRead: number;
  cacheWrite: number;
  output: number;
  thinking: number;
}

/**
 * Anthropic's messages, by itself, on Vertex AI and on Bedrock. The first event of a stream tells the input, later ones
 * the output so far (`output_tokens` is cumulative) and at times a larger input, where the model used tools of the
 * server. Translating backends fill what they do not know with 0: so each figure is the largest that came.
 */
export const anthropic: Format = {
  paths: [
    ["type"],
    ["usage"],
    ["model"],
    ["message", "usage"],
    ["message", "model"],
    ["delta", "stop_reason"],
  ],
  marks: ['"usage"', '"message_stop"'],
  recognises({ type }) {
    return typeof type === "string" && TYPES.test(type);
  },
  open(report) {
    let most: Figures = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, thinking: 0 };
    return (document) => {
      const { type } = document;
      const message = membersOf(document["message"]);
      report.name(document["model"] ?? message["model"]);
      const usage = document["usage"] ?? message["usage"];
      if (isJsonObject(usage) && (usage["input_tokens"] != null || usage["output_tokens"] != null)) {
        most = larger(most, readFigures(usage));
        const isLast = type === "message_delta" && membersOf(document["delta"])["stop_reason"] != null;
        report.count(countsOf(most), type === "message" || isLast);
      }
      if (type === "message_stop") report.finish();
    };
  },
};

function readFigures(usage: JsonObject): Figures {
  const written = membersOf(usage["cache_creation"]);
  const byAge =
    toTokenCount(written["ephemeral_5m_input_tokens"]) + toTokenCount(written["ephemeral_1h_input_tokens"]);
  return {
    input: toTokenCount(usage["input_tokens"]),
    cacheRead: toTokenCount(usage["cache_read_input_tokens"]),
    cacheWrite: toTokenCount(usage["cache_creation_input_tokens"] ?? byAge),
    output: toTokenCount(usage["output_tokens"]),
    thinking: toTokenCount(membersOf(usage["output_tokens_details"])["thinking_tokens"]),
  };
}

function larger(one: Figures, other: Figures): Figures {
  return {
    input: Math.max(one.input, other.input),
    cacheRead: Math.max(one.cacheRead, other.cacheRead),
    cacheWrite: Math.max(one.cacheWrite, other.cacheWrite),
    output: Math.max(one.output, other.output),
    thinking: Math.max(one.thinking, other.thinking),
  };
}

function countsOf({ input, cacheRead, cacheWrite, output, thinking }: Figures): TokenCounts {
  return normaliseCounts({
    input: input + cacheRead + cacheWrite,
    output,
    total: 0,
    cachedInput: cacheRead,
    cacheWriteInput: cacheWrite,
    reasoning: thinking,
  });
}
