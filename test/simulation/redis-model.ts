import type { CHARGE_ARGUMENTS, SETTLE_ARGUMENTS } from "../../src/redis/scripts.js";
import { FixedCounter, type RedisCounter, SlidingCounter } from "./redis-counter.js";

/** What the script of the same name takes for one key. */
export type ChargeCall = { readonly key: string; readonly kind: "f" | "s" } & {
  readonly [name in Exclude<(typeof CHARGE_ARGUMENTS)[number], "kind">]: number;
};
export type SettleCall = { readonly key: string; readonly kind: "f" | "s" } & {
  readonly [name in Exclude<(typeof SETTLE_ARGUMENTS)[number], "kind">]: number;
};

export interface ModelStanding {
  readonly used: number;
  readonly resetAt: number;
  readonly slot: number;
}

export interface ModelSettled extends ModelStanding {
  readonly granted: number;
}

/** Null in place of counters: the caller knew of no window of now. */
export interface ModelCharged {
  readonly at: number;
  readonly admitted: boolean;
  readonly told: readonly ModelStanding[] | null;
}

export interface ModelSettlement {
  readonly at: number;
  readonly told: readonly ModelSettled[] | null;
}

/** What the scripts do inside Redis, with the time as an argument. One call sees one moment, as a script does. */
export class RedisModel {
  readonly #counters = new Map<string, RedisCounter>();
  readonly #nodes = new Map<string, number>();
  /** Told what a counter stands at when something was given back or corrected, before anything else is made of it. */
  onGivenBack: (key: string, used: number) => void = () => {};

  charge(calls: readonly ChargeCall[], now: number): ModelCharged {
    const counters = this.#open(calls, now);
    if (!counters) return { at: now, admitted: false, told: null };
    const asked = calls.map((call, i) => {
      const counter = counters[i] as RedisCounter;
      const least = Math.max(1, call.amount);
      return { call, counter, least, fits: counter.used + least <= call.max };
    });
    const admitted = asked.every(({ call, fits }) => fits || call.enforced === 0);
    const told = asked.map(({ call, counter, least }) => standing(counter, call.max, least));
    if (!admitted) return { at: now, admitted, told };
    for (const { call, counter, fits } of asked) if (fits && call.amount > 0) counter.count(call.amount);
    return { at: now, admitted, told };
  }

  settle(node: string, nodes: number, calls: readonly SettleCall[], now: number): ModelSettlement {
    const counters = this.#open(calls, now);
    if (!counters) return { at: now, told: null };
    return {
      at: now,
      told: calls.map((call, i) => this.#settleOne(counters[i] as RedisCounter, node, nodes, call, now)),
    };
  }

  /** Answers how many nodes live. */
  beat(node: string, lifeMs: number, now: number): number {
    this.#nodes.set(node, now + lifeMs);
    for (const [name, until] of this.#nodes) if (until <= now) this.#nodes.delete(name);
    return this.#nodes.size;
  }

  /** What a counter that was ever asked for stands at, unchanged by the question. */
  used(key: string, now: number): number {
    return this.#counters.get(key)?.usedAt(now) ?? 0;
  }

  /** When Redis drops the key, or null where there is none. */
  expiresAt(key: string): number | null {
    return this.#counters.get(key)?.expiresAt ?? null;
  }

  #settleOne(
    counter: RedisCounter,
    node: string,
    nodes: number,
    call: SettleCall,
    now: number,
  ): ModelSettled {
    if (call.drawnAmount > 0) counter.reassert(node, call.drawnSlot, call.drawnAmount);
    if (call.giveAmount > 0) {
      counter.giveBack(node, call.giveSlot, call.giveAmount);
      this.onGivenBack(call.key, counter.used);
    }
    if (call.addAmount !== 0 && now < call.addUntil) {
      counter.addBatch(node, call.addBatch, call.addAmount, call.addSlot);
      if (call.addAmount < 0) this.onGivenBack(call.key, counter.used);
    }
    const room = call.max - counter.used;
    let granted = 0;
    if (call.want > 0 && room > 0) {
      granted = Math.min(call.want, room, Math.max(call.need, Math.floor(room / (2 * nodes))));
      if (granted > 0) counter.draw(node, granted);
    }
    return { granted, ...standing(counter, call.max, Math.max(1, call.need)) };
  }

  #open(calls: readonly (ChargeCall | SettleCall)[], now: number): readonly RedisCounter[] | null {
    const counters: RedisCounter[] = [];
    for (const { key, kind, a, b, c } of calls) {
      let counter = this.#counters.get(key);
      if (!counter) {
        counter = kind === "f" ? new FixedCounter() : new SlidingCounter(a, b);
        this.#counters.set(key, counter);
      }
      if (!counter.open(now, a, b, c)) return null;
      counters.push(counter);
    }
    return counters;
  }
}

function standing(counter: RedisCounter, max: number, asked: number): ModelStanding {
  return { used: counter.used, resetAt: counter.resetAt(max, asked), slot: counter.slot };
}
