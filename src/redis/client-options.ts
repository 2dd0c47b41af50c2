import type { ClusterOptions, CommonRedisOptions, RedisOptions } from "ioredis";

/** How long a connection may take to come about, and a handshake to be answered. */
const CONNECT_MS = 1_000;
/** A connection on which something is asked and nothing comes for so long is given up. */
const SILENT_MS = 1_000;
const RETRY_STEP_MS = 50;
const RETRY_MAX_MS = 250;

/** The wait before the n-th attempt to connect again. */
export function retryDelayMs(attempt: number): number {
  return Math.min(RETRY_STEP_MS * attempt, RETRY_MAX_MS);
}

/**
 * For a hot path on which nothing is kept for later and nothing is sent twice: what Redis may have counted already must
 * not be counted again, and a request that waits has no use for an answer in a second.
 *
 * @param deadlineMs how long a request waits for Redis
 */
export function commonOptions(deadlineMs: number) {
  return {
    connectionName: "weir",
    // Only Redis 7.2 knows CLIENT SETINFO, and a user that may not would fill the log of denied commands.
    disableClientInfo: true,
    // All that is asked for here is the same in both; RESP2 spares the handshake of those that know no RESP3.
    protocol: 2,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // ioredis rejects what is in flight when a connection closes only at every n-th attempt to connect again, and
    // forgets it, unanswered for good, when one succeeds before. 0 is every attempt: they are rejected at once.
    maxRetriesPerRequest: 0,
    // It would hold back what is asked while an answer is under way, for up to a round trip; and in a cluster fail
    // commands of several slots whose node has changed, where it follows single ones.
    enableAutoPipelining: false,
    retryStrategy: retryDelayMs,
    connectTimeout: CONNECT_MS,
    disconnectTimeout: 100,
    socketTimeout: Math.max(SILENT_MS, 2 * deadlineMs),
    maxLoadingRetryTime: RETRY_MAX_MS,
    keepAlive: 10_000,
    // A replica that was a master: connects anew, and does not ask again (2 would).
    reconnectOnError: (error: Error) => error.message.includes("READONLY"),
  } satisfies CommonRedisOptions & RedisOptions;
}

/** For a Redis that is found by sentinels. */
export const sentinelOptions = {
  role: "master",
  sentinelCommandTimeout: CONNECT_MS,
  sentinelRetryStrategy: () => 100,
  // Tells of a new master even where the old one goes on, cut off from the sentinels.
  failoverDetector: true,
  sentinelReconnectStrategy: () => 1_000,
} satisfies RedisOptions;

/** How often a node that is gone is tried before the cluster is asked again who is there. */
const NODE_ATTEMPTS = 4;

export const clusterOptions = {
  lazyConnect: true,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  clusterRetryStrategy: retryDelayMs,
  // Kept for a while, commands to it fail at once; without, each would be sent to other nodes to ask them about it.
  // Given up at last, because ioredis asks the addresses of the start again when it has no node left at all.
  clusterNodeRetryStrategy: (attempt) => (attempt > NODE_ATTEMPTS ? null : retryDelayMs(attempt)),
  // Commands whose connection closed would be sent again, though they may have been counted.
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
  retryDelayOnTryAgain: 5,
  maxRedirections: 4,
  slotsRefreshTimeout: CONNECT_MS,
  // Reckoning takes some milliseconds of the event loop. Changes are noticed otherwise.
  slotsRefreshInterval: 60_000,
  // Names stay names: certificates are made for them, and each connection looks them up anew.
  dnsLookup: (name, callback) => callback(null, name),
} satisfies ClusterOptions;
