import type { TokenEstimate } from "../inference/estimate.js";
import { type Json, member } from "../policy/request.js";
import type { EpochMs } from "../policy/window.js";
import { type CounterRef, counterRefs } from "./metadata.js";
import type { JsonObject } from "./wire/struct.js";

/** Where ext_proc's answer to a request is kept for access logs and for the filter that meters its response. */
export const ADMISSION_NAMESPACE = "weir";

/** A charge that was made for a request before its response was known. */
export interface HoldRef extends CounterRef {
  readonly amount: number;
  readonly slot: EpochMs;
}

/** A request to a model that was admitted, as whoever meters its response learns of it. */
export interface Reservation {
  /** Unique among all. */
  readonly id: string;
  /** The model that was asked for, where the request named one. */
  readonly model: string | null;
  /** What the request says that it may take: experience is gained in relation to it. */
  readonly stated: TokenEstimate;
  /** What it was expected to use. */
  readonly expected: TokenEstimate;
  /** What is held for it until the truth is known, of limits on usage alone. */
  readonly holds: readonly HoldRef[];
  /** Counters of limits that only watch, and had no room: they count nothing of it. */
  readonly full: readonly CounterRef[];
  /** Whether the whole request was read: of another the prompt is estimated again by its length. */
  readonly isWhole: boolean;
}

/** Like the decision, a reservation travels with its request: any weir can settle it. */
export function reservationMetadata({
  id,
  model,
  stated,
  expected,
  holds,
  full,
  isWhole,
}: Reservation): JsonObject {
  return {
    decision: "allow",
    id,
    ...(model === null ? {} : { model }),
    stated: [stated.input, stated.output],
    expected: [expected.input, expected.output],
    holds: holds.map(({ limit, key, amount, slot }) => [limit, key, amount, slot]),
    ...(full.length > 0 ? { full: full.map(({ limit, key }) => [limit, key]) } : {}),
    ...(isWhole ? {} : { isWhole }),
  };
}

/** Reads what {@link reservationMetadata} wrote; null where ext_proc did not decide on the request. */
export function readReservation(namespace: JsonObject | undefined): Reservation | "denied" | null {
  const decision = member(namespace, "decision");
  if (decision !== "allow") return decision === "deny" ? "denied" : null;
  const id = member(namespace, "id");
  const model = member(namespace, "model");
  const holds = member(namespace, "holds");
  return {
    id: typeof id === "string" ? id : "",
    model: typeof model === "string" ? model : null,
    stated: estimate(member(namespace, "stated")),
    expected: estimate(member(namespace, "expected")),
    holds: Array.isArray(holds) ? holds.flatMap(holdRef) : [],
    full: counterRefs(member(namespace, "full")),
    isWhole: member(namespace, "isWhole") !== false,
  };
}

function estimate(entry: Json | undefined): TokenEstimate {
  const [input, output] = Array.isArray(entry) ? entry : [];
  return { input: typeof input === "number" ? input : 0, output: typeof output === "number" ? output : 0 };
}

function holdRef(entry: Json): HoldRef[] {
  const [limit, key, amount, slot] = Array.isArray(entry) ? entry : [];
  const isHold =
    typeof limit === "string" &&
    typeof key === "string" &&
    typeof amount === "number" &&
    typeof slot === "number";
  return isHold ? [{ limit, key, amount, slot }] : [];
}
