/** Whose responses weir can read; see `metering/providers`. */
export const aiProviders = [
  "openai",
  "openai-responses",
  "azure-openai",
  "anthropic",
  "gemini",
  "vertex",
  "bedrock",
  "bedrock-converse",
  "bedrock-invoke",
  "cohere",
  "mistral",
  "ollama",
  "vllm",
  "deepseek",
  "groq",
] as const;
export type AiProvider = (typeof aiProviders)[number];

/** How the responses of an AI API are read for their usage. */
export type AiSource =
  /** `detected` where the file does not say whose they are. */
  | { readonly provider: AiProvider | "detected" }
  | { readonly provider: "custom"; readonly usage: AiUsagePlaces };

export type AiFigure =
  | "input"
  | "output"
  | "total"
  | "cachedInput"
  | "cacheWriteInput"
  | "reasoning"
  | "model";

/** Where responses of a provider that weir does not know tell what they used. */
export type AiUsagePlaces = Readonly<Partial<Record<AiFigure, AiUsagePlace>>>;

export type AiUsagePlace =
  /** In a JSON document: the names that a JSON pointer (RFC 6901) leads along. */
  | { readonly kind: "pointer"; readonly path: readonly string[] }
  /** In a response header, by its lower-case name. */
  | { readonly kind: "header"; readonly name: string };

/**
 * When tokens are charged. `charge-after`: when the response has told them, so the response that crosses a limit is
 * delivered and the next request denied. `reserve`: an estimate before the request passes, set right afterwards.
 */
export type Admission = "charge-after" | "reserve";

/**
 * Whether streamed OpenAI responses are made to tell their usage, which they do only when asked. `hide` takes the
 * chunk that tells it out again for clients that did not ask.
 */
export type IncludeUsage = "off" | "inject" | "hide";

/** What is charged for what a response did not say: an estimate, what was reserved for it, or nothing. */
export type Unreported = "estimate" | "reservation" | "zero";

/** How an AI API is read, admitted and charged. */
export interface AiTerms {
  readonly source: AiSource;
  readonly admission: Admission;
  readonly includeUsage: IncludeUsage;
  /**
   * Whether what a request asks for must be known before it passes: to reserve for it, to find limits of its model, to
   * deny unknown models, or to have its usage included. The counters then decide when ext_proc has read the request.
   */
  readonly readsRequest: boolean;
  /** Of a response that ended without telling its usage. */
  readonly onMissingUsage: Unreported;
  /** Of a response that broke off. */
  readonly onDisconnect: Unreported;
  readonly reservation: {
    /** Taken for the length of an answer when the request sets no maximum. */
    readonly completionTokens: number;
    /** No reservation takes more than this part (0 to 1) of a limit's number, so that small limits stay usable. */
    readonly maxShare: number;
  };
}
