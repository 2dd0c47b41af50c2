import { Metrics } from "../../src/telemetry/metrics.js";

/** Metrics for a test that does not look at those of the counters. */
export function createMetrics(): Metrics {
  return new Metrics({ counters: () => 0, evictions: () => 0, shared: null });
}
