/** The names of models: `*` stands for any characters, everything else for itself, in any case. */
export interface ModelPattern {
  readonly text: string;
  /** Characters that are not `*`: of the patterns that match, the one with the most counts. */
  readonly literals: number;
  matches(model: string): boolean;
}

export function modelPattern(text: string): ModelPattern {
  const parts = text.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&"));
  // Each part after the first is found as early as it can be: no backtracking over hostile names.
  const expression = new RegExp(`^${parts.join(".*?")}$`, "is");
  return { text, literals: text.replaceAll("*", "").length, matches: (model) => expression.test(model) };
}

/** Millionths for each token, by what the token was. */
export interface TokenRates {
  /** Of the prompt, neither read from a cache nor written to one. */
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWriteInput: number;
  /** Of the answer, without its reasoning. */
  readonly output: number;
  readonly reasoning: number;
}

/** What the tokens of a model are to limits. */
export interface ModelTerms {
  /** How much a token counts towards limits on tokens: 1,000,000 for one that counts as one. */
  readonly weights: TokenRates;
  /** What a token costs, in millionths of a millionth of the currency; null where no price is given. */
  readonly prices: TokenRates | null;
}

/** The terms of each model, as the policy file lists them. */
export class ModelBook {
  readonly #entries: readonly (readonly [ModelPattern, ModelTerms])[];

  /** @param entries patterns that differ; their order does not matter */
  constructor(entries: readonly (readonly [ModelPattern, ModelTerms])[]) {
    this.#entries = entries.toSorted(
      ([a], [b]) => b.literals - a.literals || (a.text < b.text ? -1 : Number(a.text > b.text)),
    );
  }

  /** Those of the most specific pattern that matches; null where none does. */
  find(model: string | null): ModelTerms | null {
    return this.#entries.find(([pattern]) => pattern.matches(model ?? ""))?.[1] ?? null;
  }
}
