import type { TokenEstimate } from "../inference/estimate.js";
import type { AiTerms, Unreported } from "../policy/ai.js";
import type { TokenFigures } from "../policy/amounts.js";

/** How the exchange with a model came to its end. */
export const endings = [
  /** The response ended as it should. */
  "complete",
  /** The client or the model server gave up, before the response or in the middle of it. */
  "aborted",
  /** The response was coded in a way that weir cannot read. */
  "encoded",
  /** The response was none of success, or had no body: nothing was used. */
  "refused",
  /** weir stops, and will not see the end. */
  "stopping",
] as const;
export type Ending = (typeof endings)[number];

/** What is known of an exchange at its end. */
export interface Exchange {
  readonly ending: Ending;
  /** What the response said it used; null where it said nothing. `complete` where it said all. */
  readonly told: (TokenFigures & { readonly complete: boolean }) | null;
  /** Whether the response said, under a status of success, that it failed. */
  readonly hasFailed: boolean;
  /** Tokens of the answer that passed and that `told` does not know of, estimated; null where that could not be seen. */
  readonly untold: number | null;
  /** What was expected of the request, by what it asks for. */
  readonly expected: TokenEstimate;
  /** Whether that is reserved. */
  readonly isReserved: boolean;
}

/** Whose word a charge is based on. */
export type ChargeSource = "response" | "estimate" | "reservation" | "none";

/** Why it is not all the response's. */
export type ChargeReason =
  | "reported"
  | "notReported"
  | "aborted"
  | "encoded"
  | "failed"
  | "refused"
  | "stopping";

/** What is charged in the end. */
export interface Reckoning {
  readonly source: ChargeSource;
  readonly reason: ChargeReason;
  /** With source `reservation`, no less than what is held: a limit may hold more or less than was expected. */
  readonly figures: TokenFigures;
}

export const NOTHING: TokenFigures = {
  ...{ input: 0, cachedInput: 0, cacheWriteInput: 0 },
  ...{ output: 0, reasoning: 0, total: 0 },
};

/**
 * Decides what an exchange is charged. What a response says of itself is believed and never undercut; the rest is as the
 * API's `onMissingUsage` and `onDisconnect` say.
 */
export function reckon(
  terms: Pick<AiTerms, "onMissingUsage" | "onDisconnect">,
  exchange: Exchange,
): Reckoning {
  const { ending, told, hasFailed } = exchange;
  if (ending === "refused") return { source: "none", reason: "refused", figures: NOTHING };
  if (told?.complete) return { source: "response", reason: "reported", figures: told };
  // What failed at the provider's is not billed by it, but for what it has said it used.
  if (hasFailed) return { source: told ? "response" : "none", reason: "failed", figures: told ?? NOTHING };
  switch (ending) {
    case "aborted":
      return unreported(terms.onDisconnect, "aborted", exchange);
    case "complete":
      return unreported(terms.onMissingUsage, "notReported", exchange);
    case "encoded":
      return unreported(terms.onMissingUsage, "encoded", exchange);
    case "stopping":
      // The response goes on without weir: what was reserved for all of it is nearer the truth than what has passed.
      return unreported(exchange.isReserved ? "reservation" : terms.onDisconnect, "stopping", exchange);
    default:
      return ending satisfies never;
  }
}

function unreported(policy: Unreported, reason: ChargeReason, exchange: Exchange): Reckoning {
  const { told, untold, expected, isReserved } = exchange;
  const known = told ?? NOTHING;
  switch (policy) {
    case "zero":
      return { source: told ? "response" : "none", reason, figures: known };
    case "reservation": {
      const source = isReserved ? "reservation" : "estimate";
      return { source, reason, figures: atLeast(known, expected) };
    }
    case "estimate": {
      const input = known.input > 0 ? known.input : expected.input;
      const output = untold === null ? expected.output : known.output + untold;
      return { source: "estimate", reason, figures: atLeast(known, { input, output }) };
    }
    default:
      return policy satisfies never;
  }
}

function atLeast(known: TokenFigures, { input, output }: TokenEstimate): TokenFigures {
  const most = { input: Math.max(known.input, input), output: Math.max(known.output, output) };
  return { ...known, ...most, total: Math.max(known.total, most.input + most.output) };
}
