/** How long everything takes. All that the report does is bounded by these numbers. */
export interface Plan {
  readonly exactness: ExactnessPlan;
  readonly commands: { readonly warmUpMs: number; readonly measureMs: number };
  readonly cpu: { readonly rounds: number; readonly warmUpMs: number; readonly measureMs: number };
  readonly faults: FaultsPlan;
  /** The whole report; past it something hangs, and it gives up. */
  readonly deadlineMs: number;
}

export interface ExactnessPlan {
  readonly windowMs: number;
  /** Full windows under load. */
  readonly windows: number;
  readonly warmUpMs: number;
  /** A part of the load and of the limits. */
  readonly scale: number;
  /** Between two nodes that are killed. */
  readonly killEveryMs: number;
}

export interface FaultsPlan {
  readonly warmUpMs: number;
  /** Redis is well. */
  readonly calmMs: number;
  readonly faultMs: number;
  readonly healMs: number;
}

export const fullPlan: Plan = {
  exactness: { windowMs: 10_000, windows: 6, warmUpMs: 4_000, scale: 1, killEveryMs: 5_000 },
  commands: { warmUpMs: 5_000, measureMs: 20_000 },
  cpu: { rounds: 5, warmUpMs: 4_000, measureMs: 4_000 },
  faults: { warmUpMs: 5_000, calmMs: 10_000, faultMs: 5_000, healMs: 4_000 },
  deadlineMs: 1_500_000,
};

/** Shows that everything works; its figures mean little. */
export const quickPlan: Plan = {
  exactness: { windowMs: 2_000, windows: 4, warmUpMs: 1_000, scale: 0.5, killEveryMs: 2_000 },
  commands: { warmUpMs: 1_000, measureMs: 3_000 },
  cpu: { rounds: 1, warmUpMs: 1_000, measureMs: 2_000 },
  faults: { warmUpMs: 1_000, calmMs: 1_000, faultMs: 2_000, healMs: 2_000 },
  deadlineMs: 240_000,
};
