import { type PathFormat, readPath } from "../metering/request-path.js";

/** The fields that cap one answer, by the API. `a.b` is the member b of member a. */
const outputCaps: Readonly<Record<PathFormat, readonly string[]>> = {
  // OpenAI deprecates `max_tokens` in favour of the other; some servers know only one of them.
  "openai-chat": ["max_completion_tokens", "max_tokens"],
  "openai-responses": ["max_output_tokens"],
  anthropic: ["max_tokens"],
  // Protobuf's JSON mapping takes both spellings of a name.
  gemini: [
    "generationConfig.maxOutputTokens",
    "generationConfig.max_output_tokens",
    "generation_config.max_output_tokens",
    "generation_config.maxOutputTokens",
  ],
  "bedrock-converse": ["inferenceConfig.maxTokens"],
  // The vendor's own body: Anthropic, Mistral, Cohere; older Claude; Titan; Llama; Nova; AI21.
  "bedrock-invoke": [
    "max_completion_tokens",
    "max_tokens",
    "max_tokens_to_sample",
    "textGenerationConfig.maxTokenCount",
    "max_gen_len",
    "inferenceConfig.maxTokens",
    "inferenceConfig.max_new_tokens",
    "maxTokens",
  ],
  cohere: ["max_tokens"],
  ollama: ["options.num_predict"],
};

const anyOutputCap = [...new Set(Object.values(outputCaps).flat())];

/** The fields that ask for several answers. Those of `best_of` are generated all, whatever `n` shows of them. */
export const choiceFields = [
  "n",
  "best_of",
  "generationConfig.candidateCount",
  "generationConfig.candidate_count",
  "generation_config.candidate_count",
  "generation_config.candidateCount",
  "num_generations",
] as const;

/** All fields of a request that say something here. */
export const requestFields: readonly string[] = ["model", "stream", ...choiceFields, ...anyOutputCap];

const withoutText =
  /(?:\/(?:embeddings?|embed|rerank|classify|classifications|moderations|score|pooling|tokenize|detokenize|count[-_]tokens|input_tokens)|:(?:countTokens|embedContent|batchEmbedContents|count-tokens))$/i;
const embeddingModel = /embed|rerank/i;
const streaming = /(?::stream\w+|\/converse-stream|\/invoke-with-response-stream)$/i;

/**
 * Whether the value of a switch may turn it on. OpenAI takes `true` alone, but servers in Python often all of these
 * (Pydantic, "Booleans"): what they serve as a stream should be read as one.
 */
export function isSwitchedOn(value: unknown): boolean {
  return (
    value === true || value === 1 || (typeof value === "string" && /^(?:true|1|on|yes|t|y)$/i.test(value))
  );
}

/** What the path of a request says about what it asks for. */
export interface Dialect {
  readonly model: string | null;
  /** The fields that cap one answer. */
  readonly outputCaps: readonly string[];
  /** Whether any text comes back. */
  readonly generates: boolean;
  /** When a stream comes back, by the body's `stream`. */
  readonly streams: "always" | "unless-false" | "if-true";
}

export function readDialect(path: string | undefined): Dialect {
  const { format, model } = readPath(path);
  const operation = operationOf(path);
  const isEmbeddingModel = format === "bedrock-invoke" && model !== null && embeddingModel.test(model);
  return {
    model,
    // A field of another API does not count: some servers pass over what they do not know.
    outputCaps: format === null ? anyOutputCap : outputCaps[format],
    generates: !withoutText.test(operation) && !isEmbeddingModel,
    streams: streaming.test(operation) ? "always" : format === "ollama" ? "unless-false" : "if-true",
  };
}

/** A path without its query and a slash at its end. */
export function operationOf(path: string | undefined): string {
  const [plain = ""] = (path ?? "").split(/[?#]/);
  return plain.replace(/\/$/, "");
}

/**
 * The same for all spellings of a name that differ in case. To go by upper case first joins the long s and the Kelvin
 * sign with their letters, as servers in Go do.
 */
export function foldName(name: string): string {
  return name.toUpperCase().toLowerCase();
}
