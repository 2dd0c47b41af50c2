import { Metrics } from "../../src/telemetry/metrics.js";
import { chargeOf, limitOf } from "../support/limits.js";

/** The labels of a metric, each with the values that it was seen to have. */
export type Labels = Readonly<Record<string, ReadonlySet<string>>>;

/** What Prometheus adds to all that it is told. */
export const scrapeLabels = ["instance", "job"];

/**
 * Every metric that weir tells, by the names that Prometheus knows them by (a histogram has three), after each thing
 * that can be counted has been counted once.
 */
export async function weirMetrics(): Promise<Map<string, Labels>> {
  const metrics = new Metrics({
    counters: () => 0,
    evictions: () => 0,
    shared: {
      reachable: () => true,
      ...{ nodes: () => 1, calls: () => 0, fallbacks: () => 0, waiting: () => 0, dropped: () => 0 },
    },
  });
  const standing = { charge: chargeOf(limitOf()), used: 0, resetAt: 0, slot: 0 };
  const tokens = { input: 1, output: 1 };
  metrics.took(0);
  metrics.decided("api", { kind: "allow", binding: standing, wouldDeny: { kind: "blocked" } });
  metrics.decided("api", { kind: "deny", denial: { kind: "blocked" } });
  metrics.watched("api", "api");
  metrics.used("api", tokens);
  metrics.reserved("api", tokens);
  metrics.estimated("api", tokens, tokens);
  metrics.settled("api", "response", "reported");
  metrics.unadmitted("api");
  metrics.transferred("api", 1);
  metrics.reloaded("taken");
  metrics.reloaded("refused");
  metrics.callFailed("Check");

  const known = new Map<string, Record<string, Set<string>>>();
  for (const { name, values } of await metrics.registry.getMetricsAsJSON()) {
    if (values.length === 0) known.set(name, {});
    for (const value of values) {
      const series = (value as { metricName?: string }).metricName ?? name;
      const labels = known.get(series) ?? {};
      for (const [label, text] of Object.entries(value.labels)) {
        labels[label] = (labels[label] ?? new Set()).add(String(text));
      }
      known.set(series, labels);
    }
  }
  return known;
}

/** Of Envoy's metrics those that are looked at, with their labels. */
export const envoyMetrics: Readonly<Record<string, readonly string[]>> = {
  envoy_http_downstream_rq_xx: ["envoy_http_conn_manager_prefix", "envoy_response_code_class"],
  envoy_http_ext_authz_ok: ["envoy_http_conn_manager_prefix"],
  envoy_http_ext_authz_denied: ["envoy_http_conn_manager_prefix"],
  envoy_http_ext_authz_error: ["envoy_http_conn_manager_prefix"],
  envoy_http_ext_authz_failure_mode_allowed: ["envoy_http_conn_manager_prefix"],
  envoy_http_ext_proc_streams_failed: ["envoy_http_conn_manager_prefix"],
  envoy_http_ext_proc_message_timeouts: ["envoy_http_conn_manager_prefix"],
  envoy_http_ext_proc_failure_mode_allowed: ["envoy_http_conn_manager_prefix"],
  envoy_http_rds_update_rejected: ["envoy_http_conn_manager_prefix", "envoy_rds_route_config"],
  envoy_cluster_upstream_rq_xx: ["envoy_cluster_name", "envoy_response_code_class"],
  envoy_cluster_membership_healthy: ["envoy_cluster_name"],
  envoy_cluster_manager_cds_update_rejected: [],
  envoy_listener_manager_lds_update_rejected: [],
};
