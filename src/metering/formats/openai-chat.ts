import type { Format } from "../format.js";
import { isJsonObject, type JsonObject, membersOf, objectsOf } from "../json-object.js";
import { normaliseCounts, type TokenCounts, toTokenCount } from "../usage.js";

/**
 * OpenAI's chat completions, completions and embeddings, and the many that speak the same (Azure OpenAI, Mistral, vLLM,
 * DeepSeek, Groq).
 *
 * OpenAI sends one `usage` at the end of a stream and null before, vLLM with `continuous_usage_stats` one in every event,
 * Mistral one beside the last choice. Groq has it in `x_groq`, Moonshot in the choice.
 */
export const openAiChat: Format = {
  paths: [["usage"], ["x_groq", "usage"], ["model"], ["object"]],
  // `"usage"` would not do: OpenAI sends `"usage":null` in every event.
  marks: ['_tokens"'],
  recognises(document) {
    const { object, choices } = document;
    const named =
      typeof object === "string" && /^(?:chat\.completion|text_completion|embedding)/.test(object);
    return named || Array.isArray(choices) || usageOf(document) !== null;
  },
  open(report) {
    let hasManyChoices = false;
    return (document) => {
      report.name(document["model"]);
      const choices = objectsOf(document["choices"]);
      hasManyChoices ||= choices.some(({ index }) => typeof index === "number" && index > 0);
      const counts = usageOf(document);
      if (counts === null) return;
      // Where several choices are interleaved, the end of one of them says nothing about the others.
      const isLastOfChoice = !hasManyChoices && choices.every((choice) => choice["finish_reason"] != null);
      report.count(counts, choices.length === 0 || isLastOfChoice);
    };
  },
};

function usageOf(document: JsonObject): TokenCounts | null {
  const places = [
    document["usage"],
    membersOf(document["x_groq"])["usage"],
    ...objectsOf(document["choices"]).map(({ usage }) => usage),
  ];
  for (const place of places) {
    const counts = readCounts(place);
    if (counts) return counts;
  }
  return null;
}

/** A `usage` without any of its three counts is no usage: better unknown, and estimated, than free. */
function readCounts(usage: unknown): TokenCounts | null {
  if (!isJsonObject(usage)) return null;
  const { prompt_tokens, completion_tokens, total_tokens } = usage;
  const isOfAnotherFormat = usage["input_tokens"] != null || usage["output_tokens"] != null;
  if (prompt_tokens == null && completion_tokens == null && (total_tokens == null || isOfAnotherFormat)) {
    return null;
  }
  const prompt = membersOf(usage["prompt_tokens_details"]);
  const reasoning = toTokenCount(membersOf(usage["completion_tokens_details"])["reasoning_tokens"]);
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
    cacheWriteInput: toTokenCount(prompt["cache_write_tokens"] ?? prompt["cache_creation_tokens"]),
    reasoning,
  });
}
