import { type BodyFacts, readBody } from "./body-facts.js";
import { choiceFields, type Dialect, isSwitchedOn, readDialect } from "./dialect.js";
import { tokensOfPayload } from "./payload.js";
import { tokensOfBytes } from "./text-tokens.js";

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
  /**
   * As the path or else the body names it; null where neither does, and where the body may mean another to the server:
   * what is not seen of it may name the model again, and so may another spelling of the field.
   */
  readonly model: string | null;
  /** Tokens of the prompt, estimated from its text. */
  readonly promptTokens: number;
  /** The most that one answer may have, where the request says so; the largest of what it says. */
  readonly maxOutputTokens: number | null;
  /** Answers asked for at once, over all prompts of a list of them. At least 1. */
  readonly choices: number;
  /** Whether it is asked to stream. */
  readonly isStream: boolean;
  /** Whether it asks for generated text, unlike embeddings, reranking, classification and counting. */
  readonly generates: boolean;
  /** Whether all of it was read. */
  readonly isWhole: boolean;
}

/** What is known of a request besides the bytes of its body. */
export interface InferenceRequestHead {
  /** With or without its query. */
  readonly path: string | undefined;
  /** Bytes of the whole body, where known. */
  readonly contentLength: number | null;
  /** Whether only the beginning of the body may be given. */
  readonly isTruncated: boolean;
}

/** Never throws, whatever the bytes. Takes time in proportion to them. */
export function readInferenceRequest(body: Uint8Array, head: InferenceRequestHead): InferenceRequest {
  const dialect = readDialect(head.path);
  const facts = readBody(body);
  const { generates } = dialect;
  return {
    // Where the path names the model, the provider goes by it and passes over what the body says.
    model: modelName(dialect.model) ?? modelOf(facts),
    promptTokens: promptTokens(facts, body.length, head),
    maxOutputTokens: largestCap(dialect.outputCaps, facts),
    choices: choices(facts),
    isStream: generates && isStream(dialect, facts),
    generates,
    isWhole: facts.isWhole || !head.isTruncated,
  };
}

/** Malformed JSON names none either: a lenient server may read on behind the fault, and find another name. */
function modelOf(facts: BodyFacts): string | null {
  const [model, ...others] = facts.valuesOf("model");
  return facts.isWhole && others.every((other) => other === model) ? modelName(model) : null;
}

function modelName(name: unknown): string | null {
  return typeof name === "string" && name !== "" && name.length <= MAX_MODEL_LENGTH ? name : null;
}

/**
 * What has come of the text stands for the rest of a truncated body, and each byte of the rest counts as one of text at
 * least: who puts spaces or an image first may have a long prompt behind it. For an image that goes on this is far too
 * much, which is safe: a reservation is settled by what the provider counts. A body that is no JSON, such as a form with
 * a recording, is taken for one file.
 */
function promptTokens(facts: BodyFacts, seenBytes: number, head: InferenceRequestHead): number {
  const length = head.isTruncated ? head.contentLength : seenBytes;
  if (!facts.isJson) return tokensOfPayload(length ?? 0);
  const unseenBytes = facts.isWhole ? 0 : Math.max(0, (length ?? 0) - seenBytes);
  const scale = seenBytes > 0 ? 1 + unseenBytes / seenBytes : 1;
  const text = Math.max(Math.ceil(facts.textTokens * scale), facts.textTokens + tokensOfBytes(unseenBytes));
  return Math.min(MAX_TOKENS, text + facts.payloadTokens);
}

function isStream({ streams }: Dialect, facts: BodyFacts): boolean {
  const asked = facts.valuesOf("stream");
  if (streams === "always") return true;
  return streams === "unless-false" ? asked.some((value) => value !== false) : asked.some(isSwitchedOn);
}

function choices(facts: BodyFacts): number {
  const asked = choiceFields.flatMap((name) => facts.valuesOf(name).map(positiveInteger));
  return Math.min(MAX_CHOICES, largest(asked) ?? 1) * Math.min(MAX_PROMPTS, facts.prompts);
}

/** Which cap the server goes by is not known: for a reservation the largest is the safe one. */
function largestCap(names: readonly string[], facts: BodyFacts): number | null {
  return largest(names.map((name) => capOf(facts.valuesOf(name))));
}

/** None unless each spelling is one: a server that goes by another sees no cap there. */
function capOf(values: readonly unknown[]): number | null {
  const counts = values.map(positiveInteger);
  return counts.includes(null) ? null : largest(counts);
}

function largest(counts: readonly (number | null)[]): number | null {
  const most = Math.max(...counts.map((count) => count ?? 0));
  return most > 0 ? most : null;
}

/** A number or a text of one, rounded up; null for all else, and for what is not positive: Ollama's -1 is "no limit". */
function positiveInteger(value: unknown): number | null {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && number > 0 ? Math.min(MAX_TOKENS, Math.ceil(number)) : null;
}
