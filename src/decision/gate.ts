import type { CounterStore } from "../counters/store.js";
import type { Policy } from "../policy/policy.js";
import type { EpochMs } from "../policy/window.js";

/** What a decision takes: the policy in force, the counters, and the time. */
export interface Gate {
  /** Replaced as a whole by a reload; read it once per request. */
  policy: Policy;
  readonly store: CounterStore;
  now(): EpochMs;
}
