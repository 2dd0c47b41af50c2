import { type AiProvider, aiProviders } from "../policy/policy.js";
import type { ApiSource } from "./api-source.js";
import type { Notes } from "./notes.js";

/** WSO2's providers, and the wire formats that their responses have, the closest first. */
const formats: ReadonlyMap<string, readonly string[]> = new Map([
  ["openai", ["openai"]],
  ["azureopenai", ["azure-openai", "openai"]],
  ["azureaifoundry", ["azure-openai", "openai"]],
  ["mistral", ["mistral", "openai"]],
  ["mistralai", ["mistral", "openai"]],
  ["anthropic", ["anthropic"]],
  ["gemini", ["gemini"]],
  ["awsbedrock", ["bedrock"]],
]);

/** Whose responses an AI API gives; null for other APIs, and, noted, for providers that weir cannot read. */
export function translateProvider({ provider, at }: ApiSource, notes: Notes): AiProvider | null {
  const name = provider.text();
  if (name === undefined) {
    const subtype = at.at("subtypeConfiguration", "subtype");
    if (subtype.text()?.toUpperCase() === "AIAPI") {
      notes.add(subtype, "the export does not name the provider: write ai: { provider: … } by hand");
    }
    return null;
  }
  const known = formats.get(name.toLowerCase().replace(/[^a-z]/g, "")) ?? [];
  const format = known.flatMap((candidate) => aiProviders.find((one) => one === candidate) ?? [])[0];
  if (format) return format;
  const readable = aiProviders.join(", ");
  notes.add(
    provider,
    `responses of "${name}" cannot be read (${readable} can): limits on tokens are left out`,
  );
  return null;
}
