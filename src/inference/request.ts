import { type BodyFacts, readBody } from "./body-facts.js";
import { choiceFields, type Dialect, readDialect } from "./dialect.js";
import { tokensOfPayload } from "./payload.js";

/** No count is more than this, so that sums and products of a few stay exact. */
const MAX_TOKENS = 1_000_000_000;
/** The most that OpenAI's APIs take for `n`. */
const MAX_CHOICES = 128;
/** The most prompts that a list of them is taken for. */
const MAX_PROMPTS = 2_048;
/** Longer names are of no model, and are not to be remembered. Room for the ARNs of Bedrock. */
const MAX_MODEL_LENGTH = 256;

/** What a request to a model asks for. */
export interface InferenceRequest {
  /** As the path or else the body names it; null where neither does. */
  readonly model: string | null;
  /** Tokens of the prompt, estimated from its text. */
  readonly promptTokens: number;
  /** The most that one answer may have, where the request says so. */
  readonly maxOutputTokens: number | null;
  /** Answers asked for at once, over all prompts of a list of them. At least 1. */
  readonly choices: number;
  /** Whether it is asked to stream. */
  readonly isStream: boolean;
  /** Whether it asks for generated text, unlike embeddings, reranking, classification and counting. */
  readonly generates: boolean;
}

/** What is known of a request besides the bytes of its body. */
export interface InferenceRequestHead {
  /** With or without its query. */
  readonly path: string | undefined;
  /** Bytes of the whole body, where known. */
  readonly contentLength: number | null;
  /** Whether only the beginning of the body is given. */
  readonly isTruncated: boolean;
}

/** Never throws, whatever the bytes. Takes time in proportion to them. */
export function readInferenceRequest(body: Uint8Array, head: InferenceRequestHead): InferenceRequest {
  const dialect = readDialect(head.path);
  const facts = readBody(body);
  const { generates } = dialect;
  return {
    // Where the path names the model, the provider goes by it and passes over what the body says.
    model: modelName(dialect.model) ?? modelName(facts.field("model")),
    promptTokens: promptTokens(facts, body.length, head),
    maxOutputTokens: firstCount(dialect.outputCaps, facts),
    choices: choices(facts),
    isStream: generates && isStream(dialect, facts),
    generates,
  };
}

function modelName(name: unknown): string | null {
  return typeof name === "string" && name !== "" && name.length <= MAX_MODEL_LENGTH ? name : null;
}

/**
 * What has come of the text stands for the rest of a truncated body, unless it stops within an image or a file: then
 * that is taken for the rest. A body that is no JSON, such as a form with a recording, is taken for one file.
 */
function promptTokens(facts: BodyFacts, seenBytes: number, head: InferenceRequestHead): number {
  const length = head.isTruncated ? head.contentLength : seenBytes;
  if (!facts.isJson) return tokensOfPayload(length ?? 0);
  const isScaled = length !== null && length > seenBytes && seenBytes > 0 && !facts.endsInPayload;
  const scale = isScaled ? length / seenBytes : 1;
  return Math.min(MAX_TOKENS, Math.ceil(facts.textTokens * scale) + facts.payloadTokens);
}

function isStream({ streams }: Dialect, facts: BodyFacts): boolean {
  if (streams === "always") return true;
  return streams === "unless-false" ? facts.field("stream") !== false : facts.field("stream") === true;
}

function choices(facts: BodyFacts): number {
  const asked = choiceFields.map((name) => positiveInteger(facts.field(name)) ?? 1);
  return Math.min(MAX_CHOICES, Math.max(...asked)) * Math.min(MAX_PROMPTS, facts.prompts);
}

function firstCount(names: readonly string[], facts: BodyFacts): number | null {
  for (const name of names) {
    const count = positiveInteger(facts.field(name));
    if (count !== null) return count;
  }
  return null;
}

/** A number or a text of one, rounded up; null for all else, and for what is not positive: Ollama's -1 is "no limit". */
function positiveInteger(value: unknown): number | null {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && number > 0 ? Math.min(MAX_TOKENS, Math.ceil(number)) : null;
}
