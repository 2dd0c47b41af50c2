import type { Format } from "../format.js";
import { isJsonObject, type JsonObject, objectsOf } from "../json-object.js";
import { normaliseCounts, type TokenCounts, toTokenCount } from "../usage.js";

/**
 * Gemini's `generateContent`, of the Gemini API and of Vertex AI. Every chunk of a stream tells the usage so far. A
 * blocked prompt has no candidates, and is billed all the same.
 */
export const gemini: Format = {
  paths: [["usageMetadata"], ["modelVersion"]],
  marks: ['"usageMetadata"', '"modelVersion"'],
  recognises(document) {
    return isJsonObject(document["usageMetadata"]) || typeof document["modelVersion"] === "string";
  },
  open(report) {
    return (document) => {
      report.name(document["modelVersion"]);
      const counts = readCounts(document["usageMetadata"]);
      if (counts === null) return;
      const candidates = objectsOf(document["candidates"]);
      report.count(
        counts,
        candidates.every(({ finishReason }) => finishReason != null),
      );
    };
  },
};

function readCounts(usage: unknown): TokenCounts | null {
  if (!isJsonObject(usage)) return null;
  const { promptTokenCount, candidatesTokenCount, totalTokenCount }: JsonObject = usage;
  if (promptTokenCount == null && candidatesTokenCount == null && totalTokenCount == null) return null;
  const prompt = toTokenCount(promptTokenCount);
  const input = prompt + toTokenCount(usage["toolUsePromptTokenCount"]);
  const candidates = toTokenCount(candidatesTokenCount);
  const reasoning = toTokenCount(usage["thoughtsTokenCount"]);
  const total = toTokenCount(totalTokenCount);
  // Some endpoints count thoughts among the candidates and some beside them, and only the total tells.
  const isApart = [prompt, input].some((asked) => asked + candidates + reasoning === total);
  return normaliseCounts({
    input,
    output: isApart || total === 0 ? candidates + reasoning : Math.max(total - input, candidates),
    total,
    cachedInput: toTokenCount(usage["cachedContentTokenCount"]),
    cacheWriteInput: 0,
    reasoning,
  });
}
