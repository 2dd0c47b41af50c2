import type { CounterStore, Outcome } from "../counters/store.js";
import type { TokenEstimate } from "../inference/estimate.js";
import type { InferenceRequest } from "../inference/request.js";
import type { AiTerms } from "../policy/ai.js";
import { amountsOf } from "../policy/amounts.js";
import { type Charge, hasRoom, isUsageLimit, type Standing } from "../policy/limit.js";
import type { Policy } from "../policy/policy.js";
import { ofModel } from "../policy/select.js";
import { judge } from "../policy/verdict.js";
import type { EpochMs } from "../policy/window.js";
import type { Denial } from "./decision.js";

/** What a request to a model is admitted by. */
export interface Ask {
  readonly terms: AiTerms;
  /** What it asks for; null for a request without a body, such as one for the list of models. */
  readonly request: InferenceRequest | null;
  /** What it is expected to use. */
  readonly expected: TokenEstimate;
  /** What it was charged already, as a request. */
  readonly before: readonly Standing[];
  /** All else that it matches, whatever its model, with what is charged for its passing alone. */
  readonly charges: readonly Charge[];
}

/** A charge that was made, to be corrected in its own window when the truth is known. */
export interface Hold extends Charge {
  /** {@link Standing.slot} of the charge. */
  readonly slot: EpochMs;
}

/** What becomes of a request to a model once it is known what it asks for. */
export type Admission =
  | {
      readonly kind: "allow";
      readonly binding: Standing | null;
      readonly wouldDeny: Denial | null;
      /** The limits on requests, and on what it uses, as the request found them. */
      readonly standings: readonly Standing[];
      /** Of limits that only watch, those that are full: they count nothing of it, as if they had denied. */
      readonly full: readonly Charge[];
      /** What was charged beside: to limits of its model, and what is reserved for it. */
      readonly charged: readonly Hold[];
    }
  | { readonly kind: "deny"; readonly denial: Denial };

const nothingToCount: Outcome = { kind: "counted", admitted: true, standings: [] };

/**
 * Charges all that is reserved for a request, or, when any limit has no room, nothing: what was charged before is then to
 * be released as well.
 */
export async function admit(
  policy: Policy,
  store: CounterStore,
  { terms, request, expected, before, charges }: Ask,
  now: EpochMs,
): Promise<Admission> {
  const model = request?.model ?? null;
  const modelTerms = policy.models.find(model);
  const refusal: Denial | null =
    request && !modelTerms && policy.unknownModel === "deny" ? { kind: "modelUnknown" } : null;
  if (refusal && !policy.shadow) return { kind: "deny", denial: refusal };

  const { input, output } = expected;
  const figures = { input, output, total: input + output, cachedInput: 0, cacheWriteInput: 0, reasoning: 0 };
  const amounts = amountsOf(figures, modelTerms);
  const asked = ofModel(charges, model).map((charge): Charge => {
    const { limit } = charge;
    if (!request || terms.admission !== "reserve" || !isUsageLimit(limit)) return charge;
    const most = Math.max(1, Math.floor(limit.max * terms.reservation.maxShare));
    return { ...charge, amount: Math.min(amounts[limit.unit], most) };
  });
  const outcome = asked.length > 0 ? await store.charge(asked, now) : nothingToCount;
  // What was charged before stays so, even under a number that has been lowered since.
  const known = before.filter(({ charge, used }) => hasRoom(charge, used));
  if (outcome.kind === "uncounted") {
    const denial = { kind: "countersUnavailable" } as const;
    if (!outcome.admitted && !policy.shadow) return { kind: "deny", denial };
    const wouldDeny = refusal ?? (outcome.admitted ? null : denial);
    const { binding } = judge(known);
    return { kind: "allow", binding, wouldDeny, standings: known, charged: [], full: [] };
  }
  const standings = [...known, ...outcome.standings];
  const verdict = judge(standings);
  if (verdict.kind === "deny") {
    return { kind: "deny", denial: { kind: "limit", binding: verdict.binding, standings } };
  }
  const watched = verdict.wouldDeny && ({ kind: "limit", binding: verdict.wouldDeny, standings } as const);
  return {
    kind: "allow",
    binding: verdict.binding,
    wouldDeny: refusal ?? watched,
    standings,
    full: outcome.standings.flatMap(({ charge, used }) => (hasRoom(charge, used) ? [] : [charge])),
    charged: outcome.standings.flatMap(({ charge, used, slot }) =>
      charge.amount > 0 && hasRoom(charge, used) ? [{ ...charge, slot }] : [],
    ),
  };
}

/** What a charge that was made is taken back by. */
export function holdOf({ charge, slot }: Standing): Hold {
  return { ...charge, slot };
}

/** Takes back what was charged to a request that did not pass after all. */
export function release(store: CounterStore, charged: readonly Hold[], now: EpochMs): void | Promise<void> {
  if (charged.length === 0) return;
  return store.adjust(
    charged.map(({ limit, key, amount, slot }) => ({ limit, key, charged: amount, by: -amount, slot })),
    now,
  );
}
