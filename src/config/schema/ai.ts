import { z } from "zod";
import { type AiFigure, aiProviders } from "../../policy/policy.js";
import { given, headerName } from "./text.js";

const place = z.union(
  [
    z.string().regex(/^(\/([^~/]|~[01])*)+$/, "must be a JSON pointer such as /usage/input_tokens"),
    z.strictObject({ header: headerName }),
  ],
  { error: "must be a JSON pointer such as /usage/input_tokens, or { header: NAME }" },
);

/** Input has what was read from a cache or written to one, and output has the reasoning, as in OpenAI's usage. */
const usage = z
  .strictObject({
    input: place.optional().describe("Tokens of the prompt, those of a cache included."),
    output: place.optional().describe("Tokens of the answer, reasoning included."),
    total: place.optional().describe("Where it is larger than input and output together, it counts."),
    cachedInput: place.optional().describe("The part of input read from a cache."),
    cacheWriteInput: place.optional().describe("The part of input written to a cache."),
    reasoning: place.optional().describe("The part of output spent on reasoning."),
    model: place.optional().describe("The name of the model that answered."),
  } satisfies Record<AiFigure, z.ZodType>)
  .refine((figures) => given(figures.input, figures.output, figures.total) > 0, {
    error: "names none of input, output and total",
  })
  .describe(
    "Where the responses of a custom provider tell what they used: JSON pointers into the body, or into each document of a stream, or headers.",
  );

export const ai = z
  .strictObject({
    provider: z
      .enum([...aiProviders, "custom"])
      .optional()
      .describe("Whose wire format the responses have; detected where it is left out."),
    usage: usage.optional(),
    admission: z
      .enum(["charge-after", "reserve"])
      .optional()
      .describe("When tokens are charged; charge-after by default. reserve is not built yet."),
  })
  .describe("Makes it an AI API, whose responses are read for the tokens that they used.");

export type AiEntry = z.infer<typeof ai>;
