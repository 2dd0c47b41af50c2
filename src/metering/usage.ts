/** The most tokens one answer is believed to have used; it is also the largest `hits_addend` Envoy accepts. */
export const MAX_TOKENS = 1_000_000_000;

/** What one response used, in tokens: whole numbers from 0 to {@link MAX_TOKENS}, whatever the provider sent. */
export interface Usage {
  /** Everything the model was given to read, with what it took from a cache or wrote to one. */
  input: number;
  /** Everything the model wrote, with the reasoning the client may never see. */
  output: number;
  /** `input + output`, or the provider's own total where that is larger. */
  total: number;
  /** The part of `input` read from a prompt cache. */
  cachedInput: number;
  /** The part of `input` written to a prompt cache. */
  cacheWriteInput: number;
  /** The part of `output` spent on reasoning. */
  reasoning: number;
  /** The model that answered, which need not be the one asked for; null when the response names none. */
  model: string | null;
  /** Whether these are the final figures of a response that ended as it should, without a provider error. */
  complete: boolean;
}

/** The figures of a {@link Usage}, without what is known about the response around them. */
export type TokenCounts = Omit<Usage, "model" | "complete">;

const DECIMAL = /^\s*[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?\s*$/i;

/**
 * A token count from whatever stood in its place: numbers are rounded, decimal strings are read, and the result is
 * clamped to [0, {@link MAX_TOKENS}]. Anything else counts 0. Never throws.
 */
export function toTokenCount(value: unknown): number {
  const count = typeof value === "string" && DECIMAL.test(value) ? Number(value) : value;
  if (typeof count !== "number" || Number.isNaN(count)) return 0;
  return Math.round(Math.min(Math.max(count, 0), MAX_TOKENS));
}

/**
 * Puts a provider's figures into the shape every provider shares. Parts are cut to the whole they belong to, so that
 * `input - cachedInput - cacheWriteInput` and `output - reasoning` are never negative for those who price them apart.
 */
export function normaliseCounts(counts: TokenCounts): TokenCounts {
  const { input, output } = counts;
  const cachedInput = Math.min(counts.cachedInput, input);
  return {
    input,
    output,
    total: Math.min(Math.max(counts.total, input + output), MAX_TOKENS),
    cachedInput,
    cacheWriteInput: Math.min(counts.cacheWriteInput, input - cachedInput),
    reasoning: Math.min(counts.reasoning, output),
  };
}
