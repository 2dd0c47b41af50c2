import type { UsageUnit } from "./limit.js";
import type { ModelTerms, TokenRates } from "./model.js";

/** The tokens of one request, by what they were; whole numbers. Parts are never more than the whole. */
export interface TokenFigures {
  /** Parts read from a cache or written to one are in it. */
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWriteInput: number;
  /** Reasoning is in it. */
  readonly output: number;
  readonly reasoning: number;
  /** At least input and output together. */
  readonly total: number;
}

/** What a request comes to in each unit that its response decides. */
export type Amounts = Readonly<Record<UsageUnit, number>>;

/** A rate of one, and how many of them make one of the unit. */
const MILLION = 1_000_000;

/** Each token counts as one where nothing else is said. */
const plain: TokenRates = {
  input: MILLION,
  cachedInput: MILLION,
  cacheWriteInput: MILLION,
  output: MILLION,
  reasoning: MILLION,
};

/**
 * What limits count for a usage: tokens by their weights, rounded up to a whole one, and money in millionths of the
 * currency, rounded up too. Exact, however many tokens there are, up to what a number holds exactly.
 *
 * @param terms null for a model that the policy does not know: its tokens count as one each, and cost nothing
 */
export function amountsOf(figures: TokenFigures, terms: ModelTerms | null): Amounts {
  const { weights, prices } = terms ?? { weights: plain, prices: null };
  const input = inputParts(figures, weights);
  const output = outputParts(figures, weights);
  // What a provider's total has beyond its parts is of no kind that could have a rate of its own.
  const rest: Part = [figures.total - figures.input - figures.output, MILLION];
  return {
    totalTokens: rated([...input, ...output, rest]),
    promptTokens: rated(input),
    completionTokens: rated(output),
    spend: prices ? rated([...inputParts(figures, prices), ...outputParts(figures, prices)]) : 0,
  };
}

type Part = readonly [tokens: number, rate: number];

function inputParts({ input, cachedInput, cacheWriteInput }: TokenFigures, rates: TokenRates): Part[] {
  return [
    [input - cachedInput - cacheWriteInput, rates.input],
    [cachedInput, rates.cachedInput],
    [cacheWriteInput, rates.cacheWriteInput],
  ];
}

function outputParts({ output, reasoning }: TokenFigures, rates: TokenRates): Part[] {
  return [
    [output - reasoning, rates.output],
    [reasoning, rates.reasoning],
  ];
}

/** Counted in big integers: a thousand million tokens at a high price are more than a number holds exactly. */
function rated(parts: readonly Part[]): number {
  const sum = parts.reduce((total, [tokens, rate]) => total + BigInt(tokens) * BigInt(rate), 0n);
  const million = BigInt(MILLION);
  const whole = (sum + million - 1n) / million;
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(whole < most ? whole : most);
}
