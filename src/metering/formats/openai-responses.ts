import type { Format } from "../format.js";
import { isJsonObject, type JsonObject, membersOf } from "../json-object.js";
import { normaliseCounts, type TokenCounts, toTokenCount } from "../usage.js";

/** The last event of a stream; one that was cut off by a limit is over all the same. */
const LAST = new Set(["response.completed", "response.incomplete", "response.failed"]);

/**
 * OpenAI's responses, and what else of theirs counts in `input_tokens` and `output_tokens` with a total (images,
 * transcriptions). A stream tells its usage, unasked, in its last event.
 */
export const openAiResponses: Format = {
  paths: [
    ["usage"],
    ["model"],
    ["object"],
    ["status"],
    ["type"],
    ["response", "usage"],
    ["response", "model"],
    ["response", "error"],
  ],
  marks: ['"usage"'],
  recognises(document) {
    const { object, type } = document;
    const isEvent = typeof type === "string" && type.startsWith("response.");
    const hasTotal = isJsonObject(document["usage"]) && document["usage"]["total_tokens"] != null;
    return object === "response" || isEvent || (hasTotal && readCounts(document["usage"]) !== null);
  },
  open(report) {
    return (document) => {
      const { type, status } = document;
      const response = isJsonObject(document["response"]) ? document["response"] : document;
      report.name(response["model"]);
      const isLast = typeof type === "string" && LAST.has(type);
      if (type === "response.failed" || status === "failed" || response["error"] != null) report.fail();
      const counts = readCounts(response["usage"]);
      if (counts !== null) report.count(counts, isLast || response === document);
      if (isLast) report.finish();
    };
  },
};

function readCounts(usage: unknown): TokenCounts | null {
  const { input_tokens, output_tokens, total_tokens, ...rest }: JsonObject = membersOf(usage);
  if (input_tokens == null && output_tokens == null) return null;
  const details = membersOf(rest["input_tokens_details"]);
  return normaliseCounts({
    input: toTokenCount(input_tokens),
    output: toTokenCount(output_tokens),
    total: toTokenCount(total_tokens),
    cachedInput: toTokenCount(details["cached_tokens"]),
    cacheWriteInput: toTokenCount(details["cache_write_tokens"]),
    reasoning: toTokenCount(membersOf(rest["output_tokens_details"])["reasoning_tokens"]),
  });
}
