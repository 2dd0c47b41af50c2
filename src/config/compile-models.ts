import { ModelBook, type ModelTerms, modelPattern, type TokenRates } from "../policy/model.js";
import { millionths } from "./millionths.js";
import type { ModelEntry } from "./schema/model.js";
import type { PolicyFile } from "./schema/policy.js";

/** What the tokens of each model weigh and cost, by the patterns of the file. */
export function compileModels(models: PolicyFile["models"] = {}): ModelBook {
  return new ModelBook(
    Object.entries(models).map(([pattern, entry]) => [modelPattern(pattern), compileTerms(entry)]),
  );
}

function compileTerms({ weight = {}, price }: ModelEntry): ModelTerms {
  return { weights: compileRates(weight), prices: price ? compileRates(price) : null };
}

/**
 * Parts of the prompt are as the prompt where nothing else is said, reasoning is as the answer. A weight of 1 is
 * 1,000,000 millionths of a token; a price of 1 for a million tokens is 1,000,000 millionths of a millionth for one.
 */
function compileRates(rates: NonNullable<ModelEntry["weight"]>): TokenRates {
  const { input = 1, output = 1 } = rates;
  const { cachedInput = input, cacheWriteInput = input, reasoning = output } = rates;
  return {
    input: exact(input),
    cachedInput: exact(cachedInput),
    cacheWriteInput: exact(cacheWriteInput),
    output: exact(output),
    reasoning: exact(reasoning),
  };
}

function exact(value: number): number {
  const rate = millionths(value);
  if (rate === null) throw new Error(`decimals not checked: ${value}`);
  return rate;
}
