import type { Gate } from "../decision/gate.js";
import type { LearnedEstimates } from "../inference/estimate.js";
import type { Logger } from "../telemetry/logger.js";
import type { Metrics } from "../telemetry/metrics.js";

/** What it takes to follow exchanges with models. */
export interface Attendance {
  readonly gate: Gate;
  /** What requests to models turned out to use, beside what they say. */
  readonly experience: LearnedEstimates;
  readonly metrics: Metrics;
  readonly log: Logger;
}
