import type { Format } from "../format.js";
import { isJsonObject, type JsonObject, membersOf } from "../json-object.js";
import { normaliseCounts, type TokenCounts, toTokenCount } from "../usage.js";

const ENDS = new Set(["message-end", "stream-end"]);

/**
 * Cohere's API, version 1 (`meta`, and streams of JSON lines that end in `stream-end`) and version 2 (`usage`, and event
 * streams that end in `message-end`). Of its two counts, `tokens` has what Cohere adds around the prompt and
 * `billed_units` leaves it out; the first counts, where it is there. Units of search are no tokens.
 */
export const cohere: Format = {
  paths: [
    ["usage"],
    ["meta"],
    ["delta", "usage"],
    ["delta", "finish_reason"],
    ["response", "meta"],
    ["finish_reason"],
    ["type"],
    ["event_type"],
  ],
  marks: ['"usage"', '"meta"', '"message-end"', '"stream-end"'],
  recognises(document) {
    const { type, event_type } = document;
    const isStart = type === "message-start" || typeof event_type === "string";
    return isStart || (typeof type === "string" && ENDS.has(type)) || usageOf(document) !== null;
  },
  open(report) {
    return (document) => {
      const isLast = [document["type"], document["event_type"]].some((type) => ENDS.has(String(type)));
      const counts = usageOf(document);
      const reason = document["finish_reason"] ?? membersOf(document["delta"])["finish_reason"];
      if (typeof reason === "string" && /^error/i.test(reason)) report.fail();
      if (counts !== null) report.count(counts, true);
      if (isLast) report.finish();
    };
  },
};

function usageOf(document: JsonObject): TokenCounts | null {
  const places = [
    document["usage"],
    document["meta"],
    membersOf(document["delta"])["usage"],
    membersOf(document["response"])["meta"],
  ];
  for (const place of places) {
    const counts = readCounts(membersOf(place));
    if (counts) return counts;
  }
  return null;
}

function readCounts(usage: JsonObject): TokenCounts | null {
  const unit = [usage["tokens"], usage["billed_units"]].find((unit) => {
    const { input_tokens, output_tokens } = membersOf(unit);
    return input_tokens != null || output_tokens != null;
  });
  if (!isJsonObject(unit)) return null;
  return normaliseCounts({
    input: toTokenCount(unit["input_tokens"]),
    output: toTokenCount(unit["output_tokens"]),
    total: 0,
    cachedInput: toTokenCount(usage["cached_tokens"]),
    cacheWriteInput: 0,
    reasoning: 0,
  });
}
