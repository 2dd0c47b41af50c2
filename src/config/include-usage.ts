import type { AiEntry } from "./schema/ai.js";

type Provider = AiEntry["provider"];

/**
 * What becomes of a streamed chat with `"stream_options": {"include_usage": true}`: the stream tells its usage, which it
 * does only then; it may be that it takes effect, on routes that speak OpenAI's format beside a format of their own; or
 * the request is refused for it.
 */
export function takesUsageOption(provider: Provider): "needed" | "possible" | "refused" {
  switch (provider) {
    case "openai":
    case "azure-openai":
    case "vllm":
    case "deepseek":
    case "groq":
      return "needed";
    // Mistral answers 422 (extra_forbidden) and OpenAI's responses 400 (unknown parameter); both tell usage unasked.
    case "mistral":
    case "openai-responses":
      return "refused";
    // Whose responses they are is known only when they come: it could be Mistral.
    case undefined:
    case "custom":
    case "anthropic":
    case "gemini":
    case "vertex":
    case "bedrock":
    case "bedrock-converse":
    case "bedrock-invoke":
    case "cohere":
    case "ollama":
      return "possible";
    default: {
      const unknown: never = provider;
      throw new Error(`unknown provider ${unknown}`);
    }
  }
}
