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

const MILLION = 1_000_000n;

/**
 * What limits count for a usage: tokens by their weights, each rounded up to a whole one, and money in millionths of
 * the currency. Exact, however many tokens there are; at most what a number holds exactly.
 */
export function amountsOf(figures: TokenFigures, terms: ModelTerms | null): Amounts {
  const { input, output, total } = figures;
  // What a provider's total has beyond its parts is of no kind that could have a rate.
  const rest = total - input - output;
  const weights = terms?.weights;
  const prompt = weights ? rated(inputParts(figures, weights)) : input;
  const completion = weights ? rated(outputParts(figures, weights)) : output;
  const all = weights ? rated([...inputParts(figures, weights), ...outputParts(figures, weights)]) : input + output;
  const prices = terms?.prices;
  const spend = prices ? rated([...inputParts(figures, prices), ...outputParts(figures, prices)]) : 0;
  return { totalTokens: all + rest, promptTokens: prompt, completionTokens: completion, spend };
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

function rated(parts: readonly Part[]): number {
  const sum = parts.reduce((total, [tokens, rate]) => total + BigInt(tokens) * BigInt(rate), 0n);
  const whole = (sum + MILLION - 1n) / MILLION;
  return Number(whole < BigInt(Number.MAX_SAFE_INTEGER) ? whole : BigInt(Number.MAX_SAFE_INTEGER));
}
