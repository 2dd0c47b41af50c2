/** How much of everything. All that the report does is bounded by these numbers. */
export interface Plan {
  readonly latency: LatencyPlan;
  readonly overshoot: OvershootPlan;
  readonly aborts: AbortsPlan;
  readonly death: { readonly streams: number; readonly pieces: number; readonly requestsWhileAway: number };
  readonly volume: VolumePlan;
  /** The whole report; past it something hangs, and it gives up. */
  readonly deadlineMs: number;
}

export interface LatencyPlan {
  /** Each has all sides once, in turns forwards and backwards. */
  readonly rounds: number;
  readonly streamsAtATime: number;
  readonly pieces: number;
  readonly paceMs: number;
  /** Of each side in each round. */
  readonly pacedStreams: number;
  readonly unpacedStreams: number;
}

export interface OvershootPlan {
  readonly limit: number;
  /** All at once. */
  readonly requests: number;
  /** Before them, where the variant is about experience. */
  readonly learningRequests: number;
  /** Until an answer begins: longer than it takes to decide on all requests. */
  readonly thinkingMs: number;
  readonly seed: number;
}

export interface VolumePlan {
  readonly requests: number;
  readonly requestsAtATime: number;
}

export interface AbortsPlan {
  readonly streams: number;
  readonly seed: number;
  /** After the last line of the ledger, for a second one of the same request. */
  readonly lingerMs: number;
}

export const fullPlan: Plan = {
  latency: {
    ...{ rounds: 6, streamsAtATime: 40, pieces: 60, paceMs: 20 },
    ...{ pacedStreams: 80, unpacedStreams: 400 },
  },
  overshoot: { limit: 10_000, requests: 100, learningRequests: 40, thinkingMs: 2_000, seed: 1 },
  aborts: { streams: 200, seed: 1, lingerMs: 6_000 },
  death: { streams: 50, pieces: 100, requestsWhileAway: 50 },
  volume: { requests: 6_000, requestsAtATime: 100 },
  deadlineMs: 900_000,
};

/** Shows that everything works; its figures mean little. */
export const quickPlan: Plan = {
  latency: {
    ...{ rounds: 2, streamsAtATime: 20, pieces: 20, paceMs: 20 },
    ...{ pacedStreams: 20, unpacedStreams: 40 },
  },
  overshoot: { limit: 10_000, requests: 50, learningRequests: 20, thinkingMs: 1_000, seed: 1 },
  aborts: { streams: 60, seed: 1, lingerMs: 6_000 },
  death: { streams: 20, pieces: 60, requestsWhileAway: 10 },
  volume: { requests: 1_000, requestsAtATime: 20 },
  deadlineMs: 240_000,
};
