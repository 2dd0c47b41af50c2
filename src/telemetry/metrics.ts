import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import type { Decision, Denial } from "../decision/decision.js";
import type { Usage } from "../metering/usage.js";
import { registerStoreMetrics, type StoreStatistics } from "./store-metrics.js";

/** Why a response of an AI API left nothing to charge. */
export type MissingUsage = "notReported" | "aborted" | "encoded";

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
  readonly #missing = new Counter({
    name: "weir_usage_missing_total",
    help: "Successful responses of AI APIs without a readable usage, by API and reason.",
    labelNames: ["api", "reason"],
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

  decided(decision: Decision, seconds: number): void {
    const api = decision.subject.api?.ref ?? "";
    if (decision.kind === "deny") {
      this.#decisions.inc({ api, level: levelOf(decision.denial), decision: "deny" });
    } else {
      this.#decisions.inc({ api, level: decision.binding?.charge.limit.level ?? "", decision: "allow" });
      if (decision.wouldDeny) this.#wouldDeny.inc({ api, level: levelOf(decision.wouldDeny) });
    }
    this.#latency.observe(seconds);
  }

  used(api: string, { input, output }: Usage): void {
    this.#tokens.inc({ api, type: "prompt" }, input);
    this.#tokens.inc({ api, type: "completion" }, output);
  }

  transferred(api: string, bytes: number): void {
    this.#bytes.inc({ api }, bytes);
  }

  usageMissing(api: string, reason: MissingUsage): void {
    this.#missing.inc({ api, reason });
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
