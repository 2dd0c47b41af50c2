/** A load to put on one server. */
export interface LoadOrder {
  readonly port: number;
  /** Whose CPU is measured. */
  readonly serverPid: number;
  /** Requests go to APIs 0 to `apis` - 1 in turn. */
  readonly apis: number;
  readonly connections: number;
  /** Calls that each connection has open at any time: a reply starts the next call. */
  readonly streamsPerConnection: number;
  readonly rampMs: number;
  readonly measureMs: number;
  /** Goes on past the time until so many calls are made. */
  readonly minimumCalls: number;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

/** What came of it. A call that failed fails the load. */
export interface LoadReport {
  /** All replies, before and after the measured time too. */
  readonly allowed: number;
  readonly denied: number;
  /** Replies in the measured time. */
  readonly decisions: number;
  readonly elapsedMs: number;
  readonly serverCpuMs: number;
  readonly latency: Latency;
}
