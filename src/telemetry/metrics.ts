import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { Allowed, Denial } from "../decision/decision.js";
import type { ChargeReason, ChargeSource } from "../decision/reckoning.js";
import type { TokenEstimate } from "../inference/estimate.js";
import { registerStoreMetrics, type StoreStatistics } from "./store-metrics.js";

/** What a decision says, whoever made it. */
export type Outcome =
  | Pick<Allowed, "kind" | "binding" | "wouldDeny">
  | { readonly kind: "deny"; readonly denial: Denial };

/** Every metric of weir. Labels come from the policy file, never from clients, so their number is bounded. */
export class Metrics {
  readonly registry = new Registry();

  readonly #decisions = new Counter({
    name: "weir_decisions_total",
    help: "Decisions by API, deciding level (or the reason of a refusal) and outcome.",
    labelNames: ["api", "level", "decision"],
    registers: [this.registry],
  });
  readonly #wouldDeny = new Counter({
    name: "weir_would_deny_total",
    help: "Requests that only shadow mode let through, by API and the level (or reason) that would have denied.",
    labelNames: ["api", "level"],
    registers: [this.registry],
  });
  readonly #latency = new Histogram({
    name: "weir_decision_duration_seconds",
    help: "Time from a decoded request to its decision.",
    buckets: [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1],
    registers: [this.registry],
  });
  readonly #tokens = new Counter({
    name: "weir_tokens_total",
    help: "Tokens charged, by API and type (prompt, completion).",
    labelNames: ["api", "type"],
    registers: [this.registry],
  });
  readonly #bytes = new Counter({
    name: "weir_bytes_total",
    help: "Bytes of request and response bodies charged, by API. Those that no limit counts are not known.",
    labelNames: ["api"],
    registers: [this.registry],
  });
  readonly #settlements = new Counter({
    name: "weir_settlements_total",
    help: "Exchanges with models that were charged, by API, whose word it is based on (response, estimate, reservation, none) and why.",
    labelNames: ["api", "source", "reason"],
    registers: [this.registry],
  });
  readonly #reserved = new Counter({
    name: "weir_reserved_tokens_total",
    help: "Tokens reserved for requests to models, by API and type (prompt, completion).",
    labelNames: ["api", "type"],
    registers: [this.registry],
  });
  readonly #estimates = new Histogram({
    name: "weir_estimate_ratio",
    help: "What a request to a model used, as a multiple of what was expected of it, by API and type.",
    labelNames: ["api", "type"],
    buckets: [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4],
    registers: [this.registry],
  });
  readonly #unadmitted = new Counter({
    name: "weir_unadmitted_total",
    help: "Requests to models that should have been read before they passed and were not: Envoy's filter for it is off, or weir failed.",
    labelNames: ["api"],
    registers: [this.registry],
  });
  readonly #reloads = new Counter({
    name: "weir_policy_reloads_total",
    help: "Changes of the policy file, by what became of them (taken, refused).",
    labelNames: ["result"],
    registers: [this.registry],
  });
  readonly #callErrors = new Counter({
    name: "weir_call_errors_total",
    help: "Calls that ended in a gRPC error, by method.",
    labelNames: ["method"],
    registers: [this.registry],
  });

  constructor(store: StoreStatistics) {
    collectDefaultMetrics({ register: this.registry });
    registerStoreMetrics(this.registry, store);
  }

  /** A decision took so long; it counts when it is final. */
  took(seconds: number): void {
    this.#latency.observe(seconds);
  }

  decided(api: string, outcome: Outcome): void {
    if (outcome.kind === "deny") {
      this.#decisions.inc({ api, level: levelOf(outcome.denial), decision: "deny" });
    } else {
      this.#decisions.inc({ api, level: outcome.binding?.charge.limit.level ?? "", decision: "allow" });
      if (outcome.wouldDeny) this.#wouldDeny.inc({ api, level: levelOf(outcome.wouldDeny) });
    }
  }

  /** What another part of the decision would have denied, had it not been for shadow mode. */
  watched(api: string, level: string): void {
    this.#wouldDeny.inc({ api, level });
  }

  used(api: string, { input, output }: TokenEstimate): void {
    this.#tokens.inc({ api, type: "prompt" }, input);
    this.#tokens.inc({ api, type: "completion" }, output);
  }

  reserved(api: string, { input, output }: TokenEstimate): void {
    this.#reserved.inc({ api, type: "prompt" }, input);
    this.#reserved.inc({ api, type: "completion" }, output);
  }

  estimated(api: string, expected: TokenEstimate, actual: TokenEstimate): void {
    if (expected.input > 0) this.#estimates.observe({ api, type: "prompt" }, actual.input / expected.input);
    if (expected.output > 0)
      this.#estimates.observe({ api, type: "completion" }, actual.output / expected.output);
  }

  settled(api: string, source: ChargeSource, reason: ChargeReason): void {
    this.#settlements.inc({ api, source, reason });
  }

  unadmitted(api: string): void {
    this.#unadmitted.inc({ api });
  }

  transferred(api: string, bytes: number): void {
    this.#bytes.inc({ api }, bytes);
  }

  reloaded(result: "taken" | "refused"): void {
    this.#reloads.inc({ result });
  }

  callFailed(method: "Check" | "Process" | "StreamAccessLogs"): void {
    this.#callErrors.inc({ method });
  }
}

function levelOf(denial: Denial): string {
  return denial.kind === "limit" ? denial.binding.charge.limit.level : denial.kind;
}
