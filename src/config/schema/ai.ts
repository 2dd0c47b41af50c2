import { z } from "zod";
import { type AiFigure, aiProviders } from "../../policy/ai.js";
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

const unreported = z.enum(["estimate", "reservation", "zero"]);

const MAX_RESERVED = 1_000_000_000;

const reservation = z
  .strictObject({
    completionTokens: z
      .int({ error: (issue) => (typeof issue.input === "number" ? "must be a whole number" : undefined) })
      .min(1, "must be 1 or more")
      .max(MAX_RESERVED, `must be at most ${MAX_RESERVED}`)
      .optional()
      .describe("For the answer to a request that sets it no maximum; 1024 by default."),
    maxShare: z
      .number()
      .gt(0, "must be above 0 and at most 1")
      .max(1, "must be above 0 and at most 1")
      .optional()
      .describe("The part of a limit that one reservation may take at the most; 0.25 by default."),
  })
  .describe("What `admission: reserve` takes before a request passes.");

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
      .describe(
        "charge-after (default): when the response has told its tokens. reserve: an estimate before, set right after.",
      ),
    includeUsage: z
      .enum(["off", "inject", "hide"])
      .optional()
      .describe(
        "inject: streamed chats are asked for their usage (OpenAI's stream_options). hide: and clients that did not ask do not see it.",
      ),
    onMissingUsage: unreported
      .optional()
      .describe("What is charged for a response that ends without telling its usage; estimate by default."),
    onDisconnect: unreported
      .optional()
      .describe("What is charged for a response that breaks off; estimate by default."),
    reservation: reservation.optional(),
  })
  .describe("Makes it an AI API, whose responses are read for the tokens that they used.");

export type AiEntry = z.infer<typeof ai>;
