import type { LedgerLine } from "../../../demo/stack/ledger.js";
import { percentOf } from "../../cluster/analysis/spread.js";

/** How a limit on tokens fared against more requests than it has room for. Figures are tokens unless they say otherwise. */
export interface Overshoot {
  readonly limit: number;
  readonly admittedRequests: number;
  /** By the model server, for these requests. */
  readonly used: number;
  readonly overshoot: number;
  /** The sum of what each request used beyond what was held for it. */
  readonly estimateErrors: number;
  /** Whether what was used beyond the limit is no more than the estimates were off: the bound of a reservation. */
  readonly isBounded: boolean;
  /** Used, of the limit. */
  readonly utilisationPercent: number;
  /** Answers that the ledger has no line of, or several. */
  readonly unaccountedRequests: number;
  /** Admitted with nothing held for them: the bound says nothing of these. */
  readonly unreservedRequests: number;
}

export interface LimitTerms {
  readonly limit: number;
  /** No request may hold more of the limit than this part of it. */
  readonly maxShare: number;
}

/** What a request came to, by the model server's own count. */
export interface Made {
  readonly requestId: string;
  readonly prompt: number;
  readonly completion: number;
}

/** @param ledger may have lines of other requests */
export function judgeOvershoot(
  { limit, maxShare }: LimitTerms,
  admitted: readonly Made[],
  ledger: readonly LedgerLine[],
): Overshoot {
  const most = Math.max(1, Math.floor(limit * maxShare));
  let used = 0;
  let estimateErrors = 0;
  let unaccountedRequests = 0;
  let unreservedRequests = 0;
  for (const { requestId, prompt, completion } of admitted) {
    const lines = ledger.filter((line) => line.requestId === requestId);
    if (lines.length !== 1) unaccountedRequests++;
    const reserved = lines[0]?.reserved ?? null;
    if (reserved === null) unreservedRequests++;
    const held = reserved ? Math.min(most, reserved.input + reserved.output) : 0;
    used += prompt + completion;
    estimateErrors += Math.max(0, prompt + completion - held);
  }
  const overshoot = Math.max(0, used - limit);
  return {
    ...{ limit, admittedRequests: admitted.length, used, overshoot, estimateErrors },
    isBounded: overshoot <= estimateErrors,
    utilisationPercent: percentOf(used, limit),
    ...{ unaccountedRequests, unreservedRequests },
  };
}
