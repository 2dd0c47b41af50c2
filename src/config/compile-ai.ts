import type { AiSource, AiTerms, AiUsagePlace } from "../policy/ai.js";
import type { FaultFormat } from "../policy/policy.js";
import { takesUsageOption } from "./include-usage.js";
import type { AiEntry } from "./schema/ai.js";

/**
 * How an AI API is read, admitted and charged.
 *
 * @param asksForModels whether something in the policy depends on the model that a request names
 */
export function compileAi(entry: AiEntry, asksForModels: boolean): AiTerms {
  const { admission = "charge-after", onMissingUsage = "estimate", onDisconnect = "estimate" } = entry;
  const { completionTokens = 1024, maxShare = 0.25 } = entry.reservation ?? {};
  const needsAsking = admission === "reserve" && takesUsageOption(entry.provider) === "needed";
  const includeUsage = entry.includeUsage ?? (needsAsking ? "inject" : "off");
  return {
    source: compileSource(entry),
    admission,
    includeUsage,
    readsRequest: asksForModels || admission === "reserve" || includeUsage !== "off",
    onMissingUsage,
    onDisconnect,
    reservation: { completionTokens, maxShare },
  };
}

/** Without a provider, the responses show whose they are. */
export function compileSource({ provider, usage = {} }: AiEntry): AiSource {
  if (provider !== "custom") return { provider: provider ?? "detected" };
  const places = Object.entries(usage).map(([figure, place]) => [figure, place && compilePlace(place)]);
  return { provider, usage: Object.fromEntries(places) };
}

function compilePlace(place: string | { header: string }): AiUsagePlace {
  if (typeof place !== "string") return { kind: "header", name: place.header.toLowerCase() };
  // RFC 6901 section 4: first ~1, then ~0.
  const path = place
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  return { kind: "pointer", path };
}

/** How a provider's SDKs expect to be throttled; those of most are made for OpenAI's API. */
export function providerFaults(provider: AiEntry["provider"]): FaultFormat | undefined {
  switch (provider) {
    case "openai":
    case "openai-responses":
    case "azure-openai":
    case "mistral":
    case "vllm":
    case "deepseek":
    case "groq":
      return "openai";
    case "anthropic":
      return "anthropic";
    case "gemini":
    case "vertex":
      return "gemini";
    case "bedrock":
    case "bedrock-converse":
    case "bedrock-invoke":
      return "bedrock";
    case "cohere":
    case "ollama":
    case "custom":
    case undefined:
      return undefined;
    default: {
      const unknown: never = provider;
      throw new Error(`unknown provider ${unknown}`);
    }
  }
}
