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
  /** What is to be settled from the response's usage. Empty where no token limit matches. */
  readonly tokens: readonly Charge[];
}

export interface Denied {
  readonly kind: "deny";
  readonly subject: Subject;
  readonly denial: Denial;
}

/** Why. Only `limit` is a matter of counting; none of these charges anything. */
export type Denial =
  | { readonly kind: "limit"; readonly binding: Standing }
  | { readonly kind: "blocked" }
  | { readonly kind: "unmatched" }
  | { readonly kind: "credentialsMissing" }
  | { readonly kind: "credentialsInvalid" }
  | { readonly kind: "notSubscribed" }
  | { readonly kind: "environmentNotServed"; readonly environment: Environment };
