import { slidingBucketMs } from "../../src/counters/sliding-ledger.js";
import type { Limit } from "../../src/policy/limit.js";
import { spanAt, windowLengthMs } from "../../src/policy/window.js";

/** An amount under a counter, and the time that it belongs to. */
export interface Entry {
  readonly limit: string;
  readonly key: string;
  readonly amount: number;
  readonly at: number;
}

/** Counts by definition: what stands to the account of each exchange, each at its time. */
export class CountModel {
  readonly #limits: ReadonlyMap<string, Limit>;
  readonly #accounts = new Map<string, readonly Entry[]>();

  constructor(limits: ReadonlyMap<string, Limit>) {
    this.#limits = limits;
  }

  /** What stands to the account of `id`. */
  of(id: string): readonly Entry[] {
    return this.#accounts.get(id) ?? [];
  }

  set(id: string, entries: readonly Entry[]): void {
    this.#accounts.set(id, entries);
  }

  used(limit: Limit, key: string, now: number): number {
    return [...this.#accounts.values()]
      .flat()
      .filter((entry) => entry.limit === limit.id && entry.key === key && isIn(limit, entry.at, now))
      .reduce((sum, { amount }) => sum + amount, 0);
  }

  /** Every counter that anything was ever charged to. */
  *counters(): Iterable<readonly [limit: Limit, key: string]> {
    const seen = new Set<string>();
    for (const { limit: id, key } of [...this.#accounts.values()].flat()) {
      const limit = this.#limits.get(id);
      if (!limit || seen.has(`${id} ${key}`)) continue;
      seen.add(`${id} ${key}`);
      yield [limit, key];
    }
  }
}

/** Whether what was charged at `at` still counts. */
function isIn({ window }: Limit, at: number, now: number): boolean {
  if (window.kind === "fixed") return now < spanAt(window, at).end;
  const lengthMs = windowLengthMs(window) ?? 0;
  const bucketMs = slidingBucketMs(lengthMs);
  return now < (Math.floor(at / bucketMs) + 1) * bucketMs + lengthMs;
}
