import type { Format, ResponseHead } from "./format.js";
import { anthropic } from "./formats/anthropic.js";
import { bedrockConverse } from "./formats/bedrock-converse.js";
import { bedrockInvoke, readHeaders } from "./formats/bedrock-invoke.js";
import { cohere } from "./formats/cohere.js";
import { customFormat, type UsagePlaces } from "./formats/custom.js";
import { gemini } from "./formats/gemini.js";
import { ollama } from "./formats/ollama.js";
import { openAiChat } from "./formats/openai-chat.js";
import { openAiResponses } from "./formats/openai-responses.js";
import { type PathFormat, readPath } from "./request-path.js";
import type { Candidates } from "./response-documents.js";

const byPath: Readonly<Record<PathFormat, Format>> = {
  "openai-chat": openAiChat,
  "openai-responses": openAiResponses,
  anthropic,
  gemini,
  "bedrock-converse": bedrockConverse,
  "bedrock-invoke": bedrockInvoke,
  cohere,
  ollama,
};

const openAi = [openAiChat, openAiResponses];

/** The formats that each provider's responses may have. Many serve OpenAI's beside their own. */
const formats = {
  openai: openAi,
  "openai-responses": [openAiResponses],
  "azure-openai": openAi,
  anthropic: [anthropic, openAiChat],
  gemini: [gemini, openAiChat],
  vertex: [gemini, anthropic, openAiChat],
  bedrock: [bedrockInvoke, bedrockConverse, anthropic, ...openAi],
  "bedrock-converse": [bedrockConverse],
  "bedrock-invoke": [bedrockInvoke],
  cohere: [cohere, openAiChat],
  mistral: [openAiChat],
  ollama: [ollama, anthropic, ...openAi],
  vllm: [...openAi, anthropic],
  deepseek: [openAiChat, anthropic],
  groq: openAi,
} as const satisfies Record<string, readonly Format[]>;

export type Provider = keyof typeof formats;
export const providers = Object.keys(formats) as readonly Provider[];

/** Whose responses are to be read, or how. */
export type UsageSource =
  /** `detected` finds out by itself. */
  { readonly provider: Provider | "detected" } | { readonly provider: "custom"; readonly usage: UsagePlaces };

const all: readonly Format[] = [
  bedrockInvoke,
  gemini,
  anthropic,
  cohere,
  bedrockConverse,
  openAiResponses,
  openAiChat,
  ollama,
];

/** What a response may be, by what is configured, and is likely to be, by its headers and the path. */
export function candidatesOf(source: UsageSource, head: ResponseHead): Candidates {
  if (source.provider === "custom") return { formats: [customFormat(source.usage)], presumed: null };
  const possible: readonly Format[] = source.provider === "detected" ? all : formats[source.provider];
  // Headers that tell the counts leave nothing to find out.
  if (possible.includes(bedrockInvoke) && readHeaders(head))
    return { formats: [bedrockInvoke], presumed: null };
  const { format } = readPath(head.path);
  const likely = format && byPath[format];
  return { formats: possible, presumed: likely && possible.includes(likely) ? likely : null };
}
