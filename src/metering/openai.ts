import { isJsonObject, type JsonObject } from "./json-object.js";
import { normaliseCounts, type TokenCounts, toTokenCount, type Usage } from "./usage.js";
import type { UsageReader } from "./usage-reader.js";

/** A longer model name is taken for none: names become labels and keys further on. */
const MAX_MODEL_LENGTH = 256;
const ESCAPED_ASCII = /\\u00[2-7]/;

/**
 * Reads the responses of OpenAI's chat completions, completions and embeddings, and of the many that speak the same
 * (Azure OpenAI, Mistral, vLLM, DeepSeek).
 *
 * A `usage` is a snapshot of the whole response so far, never an increment, so the last one wins: OpenAI sends one at
 * the end of a stream and null before, vLLM with `continuous_usage_stats` one in every event.
 */
export class OpenAiReader implements UsageReader {
  readonly members = ["usage", "model", "error"];
  readonly endMarker = "[DONE]";
  #counts: TokenCounts | null = null;
  #model: string | null = null;
  #isFinal = false;
  #isFinished = false;
  #hasFailed = false;
  #hasManyChoices = false;

  /**
   * The names are looked for with their quotes, which an answer that talks about usage has escaped. They themselves can
   * only hide behind an escaped ASCII letter. `"usage"` would not do: OpenAI sends `"usage":null` in every event.
   */
  wants(text: string): boolean {
    return (
      text.includes('_tokens"') ||
      (this.#model === null && text.includes('"model"')) ||
      text.includes('"error"') ||
      ESCAPED_ASCII.test(text)
    );
  }

  read(document: JsonObject): void {
    if (isError(document["error"])) this.#hasFailed = true;
    this.#model ??= modelName(document["model"]);
    const choices = Array.isArray(document["choices"]) ? document["choices"].filter(isJsonObject) : [];
    this.#hasManyChoices ||= choices.some(({ index }) => typeof index === "number" && index > 0);
    const counts = readCounts(document["usage"]);
    if (counts === null) return;
    this.#counts = counts;
    // Where several choices are interleaved, the end of one of them says nothing about the others.
    const isLastOfChoice =
      !this.#hasManyChoices && choices.every((choice) => choice["finish_reason"] != null);
    this.#isFinal = choices.length === 0 || isLastOfChoice;
  }

  finish(): void {
    this.#isFinished = true;
  }

  usage(endedCleanly: boolean): Usage | null {
    if (this.#counts === null) return null;
    const hasEnded = this.#isFinished || (this.#isFinal && endedCleanly);
    return { ...this.#counts, model: this.#model, complete: hasEnded && !this.#hasFailed };
  }
}

function isError(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

/** Azure's first event carries an empty name, which is as good as none. */
function modelName(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= MAX_MODEL_LENGTH ? value : null;
}

/** A `usage` object without any of its three counts is no usage: better unknown, and estimated, than free. */
function readCounts(usage: unknown): TokenCounts | null {
  if (!isJsonObject(usage)) return null;
  const { prompt_tokens, completion_tokens, total_tokens } = usage;
  if (prompt_tokens == null && completion_tokens == null && total_tokens == null) return null;
  const prompt = members(usage["prompt_tokens_details"]);
  const reasoning = toTokenCount(members(usage["completion_tokens_details"])["reasoning_tokens"]);
  const input = toTokenCount(prompt_tokens);
  const completion = toTokenCount(completion_tokens);
  const total = toTokenCount(total_tokens);
  // xAI leaves reasoning out of completion_tokens, and only the total tells.
  const isReasoningApart = reasoning > 0 && input + completion + reasoning === total;
  return normaliseCounts({
    input,
    output: isReasoningApart ? completion + reasoning : completion,
    total,
    // DeepSeek names the hits of its cache beside the counts, not in the details.
    cachedInput: toTokenCount(prompt["cached_tokens"] ?? usage["prompt_cache_hit_tokens"]),
    cacheWriteInput: toTokenCount(prompt["cache_write_tokens"]),
    reasoning,
  });
}

function members(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
