import { Counter, Gauge, type Registry } from "prom-client";

/** What a store tells of itself. */
export interface StoreStatistics {
  counters(): number;
  evictions(): number;
  /** Null where the node counts for itself. */
  readonly shared: SharedStatistics | null;
}

export interface SharedStatistics {
  reachable(): boolean;
  nodes(): number;
  calls(): number;
  fallbacks(): number;
  waiting(): number;
  dropped(): number;
}

/** The metrics of the counters, read when they are asked for. */
export function registerStoreMetrics(registry: Registry, { counters, evictions, shared }: StoreStatistics) {
  const gauge = (name: string, help: string, read: () => number) => {
    const collect = function (this: Gauge) {
      this.set(read());
    };
    new Gauge({ name, help, registers: [registry], collect });
  };
  const counter = (name: string, help: string, read: () => number) => {
    const collect = function (this: Counter) {
      this.reset();
      this.inc(read());
    };
    new Counter({ name, help, registers: [registry], collect });
  };
  gauge("weir_counters", "Counters, or leases of shared counters, held in memory.", counters);
  counter(
    "weir_counter_evictions_total",
    "Counters in use that made room for others. One of the node's own may let its limit be exceeded; a lease gives back.",
    evictions,
  );
  if (!shared) return;
  const { reachable, nodes, calls, fallbacks, waiting, dropped } = shared;
  gauge("weir_redis_up", "1 while Redis answers within the deadline, else 0.", () => Number(reachable()));
  gauge("weir_redis_nodes", "Nodes that share the counters, as far as Redis knows.", nodes);
  counter("weir_redis_calls_total", "Scripts that Redis was asked to run.", calls);
  counter("weir_fallback_decisions_total", "Decisions made as onError says, without Redis.", fallbacks);
  gauge("weir_usage_waiting", "Counters whose usage Redis has not yet counted.", waiting);
  counter(
    "weir_usage_lost_total",
    "Charges of usage given up for want of room while Redis was away.",
    dropped,
  );
}
