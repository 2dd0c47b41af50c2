import { randomUUID } from "node:crypto";
import { FallbackStore } from "./counters/fallback.js";
import { LeasedStore } from "./counters/leased.js";
import { MemoryStore } from "./counters/memory.js";
import { Outbox } from "./counters/outbox.js";
import { createScheduler } from "./counters/scheduler.js";
import type { CounterStore } from "./counters/store.js";
import { StrictStore } from "./counters/strict.js";
import type { EpochMs } from "./policy/window.js";
import { connect } from "./redis/connect.js";
import { RedisCounters } from "./redis/counters.js";
import { logLink } from "./redis/link-log.js";
import { inOneWrite } from "./redis/one-write.js";
import type { RedisSettings } from "./redis/settings.js";
import type { Logger } from "./telemetry/logger.js";
import type { StoreStatistics } from "./telemetry/store-metrics.js";

/** The counters that decisions are made by, and what there is to do beside. */
export interface OpenStore {
  readonly store: CounterStore;
  readonly statistics: StoreStatistics;
  /** Forgets what has ended. */
  sweep(now: EpochMs): void;
  /** Hands over what is still to be told; bounded in time. Nothing may be charged after this. */
  close(): Promise<void>;
}

export interface OpenStoreOptions {
  /** Null: this node counts for itself. */
  readonly redis: RedisSettings | null;
  /** Counters, and leases, that a node holds at the most. */
  readonly maxCounters: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => EpochMs;
  readonly log: Logger;
}

/** How long the last messages to Redis may take. */
const CLOSE_MS = 1_000;

/** Opens the store. Resolves too when Redis is not there: decisions then go as its `onError` says until it is. */
export async function openStore(options: OpenStoreOptions): Promise<OpenStore> {
  return options.redis ? openRedis(options.redis, options) : openMemory(options);
}

function openMemory({ maxCounters }: OpenStoreOptions): OpenStore {
  const store = new MemoryStore({ maxCounters });
  const statistics = { counters: () => store.counters, evictions: () => store.evictions, shared: null };
  return { store, statistics, sweep: (now) => store.sweep(now), close: async () => {} };
}

/** What may be out of reach is wrapped by what is done then; leases stand before the counters that they are drawn from. */
async function openRedis(settings: RedisSettings, options: OpenStoreOptions): Promise<OpenStore> {
  const { maxCounters, now, env, log } = options;
  const { deadlineMs, mode, onError, prefix, topology } = settings;
  const connection = await connect(settings, env, {
    onProblem: (message) => log.error({ reason: message }, "the way to Redis"),
  });
  const counters = new RedisCounters({
    client: inOneWrite(connection.client),
    cluster: topology.kind === "cluster",
    ...{ prefix, deadlineMs, now },
    node: randomUUID(),
    events: logLink(log, now),
    reconnect: () => connection.reconnect(),
  });
  const scheduler = createScheduler(now);
  const outbox = new Outbox(counters, scheduler, maxCounters);
  const strict = new StrictStore(counters, outbox);
  const leased =
    mode === "leased"
      ? new LeasedStore({ shared: counters, strict, outbox, scheduler, deadlineMs, maxLeases: maxCounters })
      : null;
  const local = new MemoryStore({ maxCounters });
  const store = new FallbackStore({
    ...{ store: leased ?? strict, onError, local },
    nodes: () => counters.nodes,
    reachable: () => counters.reachable,
  });
  await counters.start();
  return {
    store,
    statistics: {
      counters: () => local.counters + (leased?.leases ?? 0),
      evictions: () => local.evictions + (leased?.evictions ?? 0),
      shared: {
        reachable: () => counters.reachable,
        nodes: () => counters.nodes,
        calls: () => counters.calls,
        fallbacks: () => store.fallbacks,
        waiting: () => outbox.size,
        dropped: () => outbox.dropped,
      },
    },
    sweep(at) {
      local.sweep(at);
      leased?.sweep(at);
    },
    async close() {
      const handOver = Promise.all([leased?.close(), outbox.drain()]);
      await Promise.race([handOver, new Promise((resolve) => setTimeout(resolve, CLOSE_MS))]);
      outbox.close();
      await counters.stop();
      await connection.close();
    },
  };
}
