import type { SimulatedRedis } from "./redis.js";
import type { Scenario } from "./scenario.js";

/** One of a request's charges, as its outcome told of it. */
export interface Charged {
  /** The place of the limit in the plan. */
  readonly limit: number;
  readonly counter: string;
  readonly amount: number;
  /** Whether it had room: then it was counted, if the request was admitted. */
  readonly hadRoom: boolean;
  /** For how long the counter is said to stay as it is, or 0 if nothing is said. */
  readonly resetsInMs: number;
  /** The slot that it was counted in, if it was. */
  readonly slot: number;
}

/** A request as its client saw it. */
export interface Asked {
  readonly node: string;
  readonly askedMs: number;
  /** Null while it waits, and for ever if its node crashed. */
  answeredMs: number | null;
  /** How long its node got to nothing meanwhile. */
  stalledMs: number;
  admitted: boolean;
  /** False when the counters were out of reach, or too late. */
  isCounted: boolean;
  charged: readonly Charged[];
}

/** What a response turned out to cost. */
export interface Added {
  readonly limit: number;
  readonly counter: string;
  readonly amount: number;
  readonly atMs: number;
  readonly node: string;
}

/** What a charge was corrected by. */
export interface Corrected {
  readonly of: Charged;
  readonly by: number;
  readonly atMs: number;
  readonly node: string;
}

/** A number that was in force somewhere for a while. */
export interface InForce {
  readonly limit: number;
  readonly max: number;
  readonly fromMs: number;
  toMs: number;
}

/** What a run looked like from outside, and what Redis holds at its end. */
export interface History {
  readonly scenario: Scenario;
  readonly redis: SimulatedRedis;
  readonly asked: Asked[];
  readonly added: Added[];
  readonly corrected: Corrected[];
  readonly inForce: InForce[];
  /** Nodes that ended without notice: what they held is lost, and so is what they had not told. */
  readonly crashed: Set<string>;
  /** Whether nothing that was sent to Redis is of an unknown end. */
  isCertain: boolean;
  /** What was found wrong on the way. */
  readonly problems: string[];
}
