import { z } from "zod";
import { decimal } from "./decimal.js";
import { given, modelText } from "./text.js";

const MAX_WEIGHT = 1000;
const MAX_PRICE = 1_000_000;

const rate = (max: number) =>
  decimal(z.number().min(0, "must be 0 or more").max(max, `must be at most ${max}`));

const weight = z
  .strictObject({
    input: rate(MAX_WEIGHT).optional().describe("Of a token of the prompt; 1 by default."),
    cachedInput: rate(MAX_WEIGHT).optional().describe("Of one read from a cache; as input by default."),
    cacheWriteInput: rate(MAX_WEIGHT).optional().describe("Of one written to a cache; as input by default."),
    output: rate(MAX_WEIGHT).optional().describe("Of a token of the answer; 1 by default."),
    reasoning: rate(MAX_WEIGHT).optional().describe("Of a token of reasoning; as output by default."),
  })
  .refine((weights) => given(...Object.values(weights)) > 0, { error: "weighs nothing: leave it out" });

const price = z.strictObject({
  input: rate(MAX_PRICE).describe("Of a million tokens of the prompt."),
  cachedInput: rate(MAX_PRICE).optional().describe("Of those read from a cache; as input by default."),
  cacheWriteInput: rate(MAX_PRICE).optional().describe("Of those written to a cache; as input by default."),
  output: rate(MAX_PRICE).describe("Of a million tokens of the answer."),
  reasoning: rate(MAX_PRICE).optional().describe("Of those spent on reasoning; as output by default."),
});

const model = z.strictObject({
  price: price
    .optional()
    .describe("Per million tokens, in the currency that limits on spend are in; up to 6 decimals."),
  weight: weight
    .optional()
    .describe("How much a token counts towards limits on tokens: 0 to 1000, up to 6 decimals."),
});

/** By the names of models, which may have stars. */
export const models = z
  .record(modelText, model)
  .refine((entries) => Object.keys(entries).length > 0, { error: "is empty: leave it out to have none" });

export type ModelEntry = z.infer<typeof model>;
