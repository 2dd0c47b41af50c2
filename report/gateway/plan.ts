/** How much is measured. */
export interface GatewayPlan {
  /** Of APIs, each with {@link resourcesPerApi}, of the small policy and the large one. */
  readonly apis: Readonly<Record<Size, number>>;
  readonly resourcesPerApi: number;
  /** Each of both policies, in turns. */
  readonly rounds: number;
  readonly requestsPerRound: number;
  /** Before anything is measured: the engine compiles what is hot. */
  readonly warmUpRequests: number;
  readonly connections: number;
  readonly deadlineMs: number;
}

export const sizes = ["small", "large"] as const;
export type Size = (typeof sizes)[number];

export const fullPlan: GatewayPlan = {
  apis: { small: 2, large: 200 },
  resourcesPerApi: 10,
  rounds: 8,
  requestsPerRound: 10_000,
  warmUpRequests: 10_000,
  connections: 16,
  deadlineMs: 300_000,
};

/** Shows that everything works; its figures mean little. */
export const quickPlan: GatewayPlan = {
  ...fullPlan,
  apis: { small: 1, large: 20 },
  rounds: 2,
  requestsPerRound: 1_000,
  warmUpRequests: 100,
  deadlineMs: 60_000,
};
