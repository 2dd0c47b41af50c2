/** How long and how often the bench measures. Everything it does is bounded by these numbers. */
export interface Plan {
  readonly rounds: number;
  /** In each round, for each server's new process: the engine compiles what is hot. */
  readonly warmUpMs: number;
  /** At the start of each measurement, not measured. */
  readonly rampMs: number;
  /** Many calls at once: CPU, throughput and latency. */
  readonly loadedMs: number;
  /** One call at a time: latency alone. */
  readonly lightMs: number;
  /** Reading responses of one kind. */
  readonly meteringMs: number;
  /** The whole bench; past it something hangs, and it gives up. */
  readonly deadlineMs: number;
}

export const fullPlan: Plan = {
  rounds: 5,
  warmUpMs: 3_000,
  rampMs: 300,
  loadedMs: 4_000,
  lightMs: 1_000,
  meteringMs: 600,
  deadlineMs: 600_000,
};

/** Shows that everything works; its figures mean little. */
export const quickPlan: Plan = {
  rounds: 1,
  warmUpMs: 200,
  rampMs: 50,
  loadedMs: 300,
  lightMs: 100,
  meteringMs: 20,
  deadlineMs: 60_000,
};
