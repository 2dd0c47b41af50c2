import type { Format } from "../format.js";
import { membersOf } from "../json-object.js";
import { normaliseCounts, type TokenCounts, toTokenCount } from "../usage.js";

/**
 * Bedrock's Converse and ConverseStream, and Nova's own responses. A stream tells its usage in a `metadata` message
 * behind `messageStop`. `inputTokens` leaves out what was read from a cache or written to one (AWS API reference,
 * TokenUsage). No document names the model: the path does.
 */
export const bedrockConverse: Format = {
  paths: [["usage"]],
  marks: ['"usage"'],
  recognises(document) {
    return readCounts(document["usage"]) !== null;
  },
  open(report) {
    return (document) => {
      const counts = readCounts(document["usage"]);
      if (counts !== null) report.count(counts, true);
    };
  },
};

function readCounts(usage: unknown): TokenCounts | null {
  const { inputTokens, outputTokens, totalTokens, ...rest } = membersOf(usage);
  if (inputTokens == null && outputTokens == null) return null;
  const read = toTokenCount(rest["cacheReadInputTokens"] ?? rest["cacheReadInputTokenCount"]);
  const written = toTokenCount(rest["cacheWriteInputTokens"] ?? rest["cacheWriteInputTokenCount"]);
  return normaliseCounts({
    input: toTokenCount(inputTokens) + read + written,
    output: toTokenCount(outputTokens),
    total: toTokenCount(totalTokens),
    cachedInput: read,
    cacheWriteInput: written,
    reasoning: 0,
  });
}
