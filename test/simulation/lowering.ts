import { isTokenLimit, type Limit } from "../../src/policy/limit.js";
import { counterName } from "./counters.js";
import type { Asked } from "./history.js";
import type { SimulatedNode } from "./node.js";
import type { SimulatedRedis } from "./redis.js";

interface Full {
  readonly node: string;
  readonly counter: string;
  readonly max: number;
  readonly sinceMs: number;
}

/**
 * Counters that stood at a lowered number or above it when that came to a node, and have stood there since: the node
 * has nothing of them in hand that is worth anything, and nothing is to be had.
 */
export class LoweredLimits {
  readonly #redis: SimulatedRedis;
  #full: Full[] = [];

  constructor(redis: SimulatedRedis) {
    this.#redis = redis;
  }

  /** A limit's number has changed at a node. */
  changed(node: SimulatedNode, limit: Limit, keys: readonly string[], max: number, nowMs: number): void {
    const counters = keys.map((key) => counterName(limit.id, key));
    this.#full = this.#full.filter((full) => full.node !== node.name || !counters.includes(full.counter));
    // What is only looked at is known as of a moment ago.
    if (max >= limit.max || isTokenLimit(limit)) return;
    for (const counter of counters) this.#full.push({ node: node.name, counter, max, sinceMs: nowMs });
    this.look();
  }

  /** Something was given back: there is room again, or not. */
  givenBack(name: string, used: number): void {
    if (this.#full.length > 0)
      this.#full = this.#full.filter(({ counter, max }) => counter !== name || used >= max);
  }

  /** To be called before anything that Redis does: windows end by themselves. */
  look(): void {
    if (this.#full.length === 0) return;
    const now = this.#redis.now();
    this.#full = this.#full.filter(({ counter, max }) => this.#redis.model.used(counter, now) >= max);
  }

  /** What is wrong with a request that was admitted just now. */
  problems({ node, askedMs, charged }: Asked): string[] {
    this.look();
    return this.#full
      .filter((full) => full.node === node && askedMs >= full.sinceMs)
      .filter((full) => charged.some(({ counter, hadRoom }) => hadRoom && counter === full.counter))
      .map(
        ({ counter, max, sinceMs }) =>
          `${node} admits a request of ${askedMs} to ${counter}, full since it was lowered to ${max} at ${sinceMs}`,
      );
  }
}
