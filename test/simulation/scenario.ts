import type { Limit } from "../../src/policy/limit.js";
import type { Weather } from "./line.js";
import type { NodePlan } from "./node.js";

/** What goes wrong, and when. Nodes are named by their place in the plan. */
export type Fault =
  | { readonly kind: "cut"; readonly atMs: number; readonly node: number; readonly forMs: number }
  | { readonly kind: "crash"; readonly atMs: number; readonly node: number; readonly forMs: number }
  /** It ends in good order, and another takes its place after a while. */
  | { readonly kind: "stop"; readonly atMs: number; readonly node: number; readonly forMs: number }
  | { readonly kind: "stall"; readonly atMs: number; readonly node: number; readonly forMs: number }
  | { readonly kind: "jump"; readonly atMs: number; readonly node: number; readonly byMs: number }
  | { readonly kind: "step"; readonly atMs: number; readonly byMs: number }
  /** A policy with another number reaches each node at a time of its own. */
  | {
      readonly kind: "reload";
      readonly atMs: readonly number[];
      readonly limit: number;
      readonly max: number;
    };

export interface LimitPlan {
  readonly limit: Limit;
  /** Whether each user is counted alone. */
  readonly perUser: boolean;
  /** Whether requests are charged what they may use, which is corrected when it is known. */
  readonly holds: boolean;
}

/** All that a run depends on besides the seed of its random numbers. */
export interface Scenario {
  readonly seed: number;
  readonly kind: Kind;
  /** What Redis's clock shows at first. */
  readonly startsAt: number;
  readonly deadlineMs: number;
  readonly limits: readonly LimitPlan[];
  /** The limits that each API's requests are charged to. */
  readonly apis: readonly (readonly number[])[];
  readonly nodes: readonly NodePlan[];
  readonly weather: Weather;
  readonly users: number;
  readonly amounts: readonly number[];
  /** When requests come, in order. */
  readonly arrivals: readonly number[];
  /** From then on all is well and nobody comes, until it ends. */
  readonly quietFromMs: number;
  readonly endsAtMs: number;
  readonly faults: readonly Fault[];
}

export const kinds = [
  "calm",
  "slow",
  "lossy",
  "crashes",
  "clocks",
  "reloads",
  "restarts",
  "crowded",
  "storm",
  "overload",
] as const;
export type Kind = (typeof kinds)[number];
