import type { Charge, Standing } from "../policy/limit.js";
import type { Environment } from "../policy/policy.js";
import type { Subject } from "../policy/subject.js";

/** What weir says to a request, before any protocol puts it into words. */
export type Decision = Allowed | Denied;

export interface Allowed {
  readonly kind: "allow";
  readonly subject: Subject;
  /** Of the limits that match, the one with the least remaining; null when nothing is limited. */
  readonly binding: Standing | null;
  /** All limits that match, as the request found them. */
  readonly standings: readonly Standing[];
  /** Why the request would have been denied, had it not been for shadow mode. */
  readonly wouldDeny: Denial | null;
  /** What hangs on what the request asks a model for, and is decided when ext_proc has read it; null where nothing does. */
  readonly deferred: Deferred | null;
  /** What is to be settled from the response's usage. Empty where no limit counts it. */
  readonly usage: readonly Charge[];
  /** What is to be settled when Envoy has told the bytes. Empty where no byte limit matches. */
  readonly bytes: readonly Charge[];
}

/** A decision that is not final. */
export interface Deferred {
  /** The counters of requests that were charged, and that are given back if the request is denied after all. */
  readonly charged: readonly Standing[];
  /** Charges of limits on models, one of which may be asked for. */
  readonly ofModels: readonly Charge[];
}

export interface Denied {
  readonly kind: "deny";
  readonly subject: Subject;
  readonly denial: Denial;
}

/** Why. Only the first two are matters of counting; none of these charges anything. */
export type Denial =
  | { readonly kind: "limit"; readonly binding: Standing; readonly standings: readonly Standing[] }
  /** The counters are out of reach, and the operator wants nothing to pass uncounted. */
  | { readonly kind: "countersUnavailable" }
  /** The request is for a model that the policy does not list. */
  | { readonly kind: "modelUnknown" }
  | { readonly kind: "blocked" }
  | { readonly kind: "unmatched" }
  | { readonly kind: "credentialsMissing" }
  | { readonly kind: "credentialsInvalid" }
  | { readonly kind: "notSubscribed" }
  | { readonly kind: "environmentNotServed"; readonly environment: Environment };
