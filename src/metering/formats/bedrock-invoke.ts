import type { Format, ResponseHead } from "../format.js";
import { isJsonObject, type JsonObject, parseJson } from "../json-object.js";
import { ResponseDocuments } from "../response-documents.js";
import { normaliseCounts, type TokenCounts, toTokenCount } from "../usage.js";
import type { UsageReport } from "../usage-report.js";
import { anthropic } from "./anthropic.js";
import { bedrockConverse } from "./bedrock-converse.js";
import { cohere } from "./cohere.js";
import { openAiChat } from "./openai-chat.js";

const METRICS = "amazon-bedrock-invocationMetrics";
const HEADER = "x-amzn-bedrock-";

/** Whose documents a model on Bedrock may give. */
const vendors = [anthropic, bedrockConverse, cohere, openAiChat];

/**
 * Bedrock's InvokeModel, whose response headers tell the counts, and InvokeModelWithResponseStream, whose last message
 * does. The documents are those of the model's vendor; in a stream each stands, in base64, in `bytes`. They tell the
 * model, and how much it is as long as Bedrock has not.
 */
export const bedrockInvoke: Format = {
  paths: [["bytes"], [METRICS], ...vendors.flatMap(({ paths }) => paths)],
  marks: ['"bytes"', METRICS, ...vendors.flatMap(({ marks }) => marks)],
  recognises(document) {
    return isJsonObject(document[METRICS]) || isWrapped(document);
  },
  open(report, head) {
    const inner = new ResponseDocuments({ formats: vendors, presumed: null }, report, head);
    const told = readHeaders(head);
    if (told) report.count(told, true);
    return (document) => {
      const { bytes } = document;
      const text = typeof bytes === "string" ? decode(bytes) : null;
      if (text !== null) report.written.takeDocument(text);
      if (text !== null && !text.includes(METRICS) && !inner.wants(text)) return;
      const content = text === null ? document : parseJson(text);
      if (!isJsonObject(content)) return;
      inner.read(content);
      countMetrics(content, report);
      if (told) report.count(told, true);
    };
  },
};

function isWrapped({ bytes }: JsonObject): boolean {
  return typeof bytes === "string" && isJsonObject(parseJson(decode(bytes)));
}

function decode(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function countMetrics(document: JsonObject, report: UsageReport): void {
  const metrics = document[METRICS];
  if (!isJsonObject(metrics)) return;
  const counts = countsOf({
    input: metrics["inputTokenCount"],
    output: metrics["outputTokenCount"],
    cacheRead: metrics["cacheReadInputTokenCount"],
    cacheWrite: metrics["cacheWriteInputTokenCount"],
  });
  if (counts) report.count(counts, true);
}

/** Whether the response headers tell what was used. */
export function readHeaders({ header }: ResponseHead): TokenCounts | null {
  return countsOf({
    input: header(`${HEADER}input-token-count`),
    output: header(`${HEADER}output-token-count`),
    cacheRead: header(`${HEADER}cache-read-input-token-count`),
    cacheWrite: header(`${HEADER}cache-write-input-token-count`),
  });
}

/** As in Converse, what a cache was involved in comes on top of the input. */
function countsOf(
  told: Record<"input" | "output" | "cacheRead" | "cacheWrite", unknown>,
): TokenCounts | null {
  if (told.input == null && told.output == null) return null;
  const cachedInput = toTokenCount(told.cacheRead);
  const cacheWriteInput = toTokenCount(told.cacheWrite);
  return normaliseCounts({
    input: toTokenCount(told.input) + cachedInput + cacheWriteInput,
    output: toTokenCount(told.output),
    total: 0,
    cachedInput,
    cacheWriteInput,
    reasoning: 0,
  });
}
