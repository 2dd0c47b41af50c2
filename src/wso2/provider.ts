import type { Notes } from "../document/notes.js";
import type { AiProvider } from "../policy/ai.js";
import type { ApiSource } from "./api-source.js";

/** WSO2's providers, by their names in lower case and letters alone. */
const providers: ReadonlyMap<string, AiProvider> = new Map([
  ["openai", "openai"],
  ["azureopenai", "azure-openai"],
  ["azureaifoundry", "azure-openai"],
  ["mistral", "mistral"],
  ["mistralai", "mistral"],
  ["anthropic", "anthropic"],
  ["gemini", "gemini"],
  ["awsbedrock", "bedrock"],
]);

/** Whose responses an AI API gives; null for other APIs, and, noted, for providers that weir cannot read. */
export function translateProvider({ provider: field, at }: ApiSource, notes: Notes): AiProvider | null {
  const name = field.text();
  if (name === undefined) {
    const subtype = at.at("subtypeConfiguration", "subtype");
    if (subtype.text()?.toUpperCase() === "AIAPI") {
      notes.add(subtype, "the export does not name the provider: write ai: { provider: … } by hand");
    }
    return null;
  }
  const provider = providers.get(name.toLowerCase().replace(/[^a-z]/g, ""));
  if (provider) return provider;
  notes.add(
    field,
    `the provider "${name}" is not known: limits on tokens are left out; write ai: {} by hand, and weir finds out, ` +
      "or ai: { provider: custom, … }",
  );
  return null;
}
