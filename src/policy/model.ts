import { globMatcher } from "./glob.js";

/** The names of models: `*` stands for any characters, everything else for itself, in any case. */
export interface ModelPattern {
  /** In lower case, and with one star where there were several: equal for patterns that are the same. */
  readonly text: string;
  /** Characters that are not `*`: of the patterns that match, the one with the most counts. */
  readonly literals: number;
  /** @param model null where nothing names a model: then only `*` matches */
  matches(model: string | null): boolean;
}

export function modelPattern(written: string): ModelPattern {
  const text = written.toLowerCase().replace(/\*+/g, "*");
  const matches = globMatcher(text);
  return { text, literals: text.replaceAll("*", "").length, matches: (model) => matches(model ?? "") };
}

/** Millionths for each token, by what the token was; whole numbers. */
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
  readonly #named: ReadonlyMap<string, ModelTerms>;
  readonly #patterns: readonly (readonly [ModelPattern, ModelTerms])[];

  /** @param entries patterns that differ; their order does not matter */
  constructor(entries: readonly (readonly [ModelPattern, ModelTerms])[]) {
    const isName = ({ text }: ModelPattern) => !text.includes("*");
    this.#named = new Map(
      entries.filter(([pattern]) => isName(pattern)).map(([{ text }, terms]) => [text, terms]),
    );
    this.#patterns = entries
      .filter(([pattern]) => !isName(pattern))
      .sort(([a], [b]) => b.literals - a.literals || (a.text < b.text ? -1 : Number(a.text > b.text)));
  }

  /**
   * Those of the most specific pattern that matches: the whole name, else the one with the most literal characters,
   * and of those the first by its text. Null where none matches.
   */
  find(model: string | null): ModelTerms | null {
    const name = (model ?? "").toLowerCase();
    return this.#named.get(name) ?? this.#patterns.find(([pattern]) => pattern.matches(name))?.[1] ?? null;
  }
}
