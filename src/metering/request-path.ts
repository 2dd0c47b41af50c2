/** The formats that a path can tell. */
export type PathFormat =
  | "openai-chat"
  | "openai-responses"
  | "anthropic"
  | "gemini"
  | "bedrock-converse"
  | "bedrock-invoke"
  | "cohere"
  | "ollama";

/** The operations of each provider's API; a gateway may serve them behind any prefix. The first that matches counts. */
const formats: readonly [format: PathFormat, path: RegExp][] = [
  ["bedrock-converse", /\/model\/[^/]+\/converse(?:-stream)?$/],
  ["bedrock-invoke", /\/model\/[^/]+\/invoke(?:-with-response-stream)?$/],
  ["gemini", /\/models\/[^/]+:(?:stream)?generateContent$/i],
  ["anthropic", /\/messages$|\/models\/[^/]+:(?:stream)?rawPredict$/i],
  ["ollama", /\/api\/(?:chat|generate|embed|embeddings)$/],
  ["openai-responses", /\/responses$/],
  ["openai-chat", /\/(?:chat\/completions|completions|embeddings)$/],
  ["cohere", /\/v[12]\/(?:chat|generate|embed|rerank|classify)$/],
];

const models: readonly RegExp[] = [
  /\/model\/([^/]+)\/(?:converse|invoke)/,
  /\/models\/([^/:]+):\w+$/,
  /\/deployments\/([^/]+)\//,
];

/** What a path says about the response, where it says it. */
export interface PathFacts {
  readonly format: PathFormat | null;
  /** Some providers name the model only here: Bedrock, with an ARN percent-encoded, and Azure the deployment. */
  readonly model: string | null;
}

export function readPath(path: string | undefined): PathFacts {
  const [plain = ""] = (path ?? "").split(/[?#]/);
  const trimmed = plain.replace(/\/$/, "");
  const model = models.map((pattern) => pattern.exec(trimmed)?.[1]).find((name) => name !== undefined);
  return {
    format: formats.find(([, pattern]) => pattern.test(trimmed))?.[0] ?? null,
    model: model === undefined ? null : decode(model),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
