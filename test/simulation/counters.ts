import type { Scheduler } from "../../src/counters/scheduler.js";
import { SharedClock } from "../../src/counters/shared-clock.js";
import type {
  Settled,
  Settlement,
  SharedCounters,
  SharedOutcome,
} from "../../src/counters/shared-counters.js";
import { StoreUnreachable } from "../../src/counters/store.js";
import type { Charge } from "../../src/policy/limit.js";
import type { EpochMs } from "../../src/policy/window.js";
import { WindowBook } from "../../src/redis/window-arguments.js";
import type { Line } from "./line.js";
import type { SimulatedRedis } from "./redis.js";
import type { ChargeCall, RedisModel, SettleCall } from "./redis-model.js";
import { QUIET } from "./virtual-time.js";

/** The process that a node is. */
export interface Host extends Scheduler {
  /** Has something from outside taken in, when the process gets to it. */
  deliver(take: () => unknown): unknown;
}

export interface SimulatedCountersOptions {
  readonly node: string;
  readonly line: Line;
  readonly redis: SimulatedRedis;
  readonly host: Host;
  readonly deadlineMs: number;
  /** Told of each call as Redis executes it, when somebody watches. */
  readonly trace: ((text: string) => void) | null;
}

const BEAT_MS = 1_000;
const PROBE_MS = 100;
const STALLED_MS = 500;
const LIFE_MS = 5_000;

/** The shared counters as a node has them: its calls go over the network, and it notices when they do not come back. */
export class SimulatedCounters implements SharedCounters {
  readonly #options: SimulatedCountersOptions;
  readonly #windows = new WindowBook();
  readonly time = new SharedClock();
  #up = false;
  #nodes = 1;
  #cancelBeat = () => {};

  constructor(options: SimulatedCountersOptions) {
    this.#options = options;
    this.#beat();
  }

  get reachable(): boolean {
    return this.#up;
  }

  charge(charges: readonly Charge[]): Promise<SharedOutcome> {
    const { host, redis, deadlineMs } = this.#options;
    if (!this.#up) return Promise.reject(new StoreUnreachable("it has not been answering"));
    return new Promise((resolve, reject) => {
      const fail = () => {
        this.#down();
        reject(new StoreUnreachable("it did not answer in time"));
      };
      const cancel = host.after(deadlineMs, fail);
      const call = (earliest: EpochMs) => {
        const calls = charges.map((charge) => this.#chargeCall(charge, earliest));
        const charge = (model: RedisModel, now: EpochMs) => model.charge(calls, now);
        return () => this.#traced("charge", calls, redis.run(charge));
      };
      this.#ask(call, (reply) => {
        cancel();
        if (!reply?.told) fail();
        else resolve({ at: reply.at, admitted: reply.admitted, standings: reply.told });
      });
    });
  }

  settle(settlements: readonly Settlement[]): Promise<readonly (Settled | null)[]> {
    const { host, redis, deadlineMs, node } = this.#options;
    return new Promise((resolve) => {
      const cancel = host.after(deadlineMs, () => this.#down());
      const call = (earliest: EpochMs) => {
        const calls = settlements.map((settlement) => this.#settleCall(settlement, earliest));
        const nodes = this.#nodes;
        const settle = (model: RedisModel, now: EpochMs) => model.settle(node, nodes, calls, now);
        return () => this.#traced("settle", calls, redis.run(settle));
      };
      this.#ask(call, (reply) => {
        cancel();
        if (!reply?.told) this.#down();
        const { at = 0, told = null } = reply ?? {};
        resolve(settlements.map((_, i) => (told?.[i] ? { at, ...told[i] } : null)));
      });
    });
  }

  /** Asks once more when Redis knows only windows that the node did not think of. */
  #ask<T extends { readonly at: EpochMs; readonly told: unknown }>(
    call: (earliest: EpochMs) => () => T,
    done: (reply: T | null) => void,
    attempt = 1,
  ): void {
    const { line, host } = this.#options;
    const sentAt = host.now();
    line.ask(call(this.time.earliest(sentAt)), (reply) =>
      host.deliver(() => {
        if (reply) this.time.told(reply.at, sentAt, host.now());
        if (reply && !reply.told && attempt === 1) this.#ask(call, done, 2);
        else done(reply);
      }),
    );
  }

  #beat(): void {
    const { line, host, redis, node, deadlineMs } = this.#options;
    const sentAt = host.now();
    let isOver = false;
    const over = (isInTime: boolean) => {
      if (isOver) return;
      isOver = true;
      if (isInTime) this.#up = true;
      else this.#down();
      this.#schedule();
    };
    const cancel = host.after(STALLED_MS, () => over(false));
    const beat = () => redis.run((model, at) => ({ at, nodes: model.beat(node, LIFE_MS, at) }));
    line.ask(beat, (reply) =>
      host.deliver(() => {
        cancel();
        const now = host.now();
        if (reply) {
          this.time.told(reply.at, sentAt, now);
          this.#nodes = reply.nodes;
        }
        over(reply !== null && now - sentAt <= deadlineMs);
        return QUIET;
      }),
    );
  }

  #schedule(): void {
    this.#cancelBeat();
    this.#cancelBeat = this.#options.host.after(this.#up ? BEAT_MS : PROBE_MS, () => {
      this.#beat();
      return QUIET;
    });
  }

  #down(): void {
    if (!this.#up) return;
    this.#up = false;
    this.#schedule();
  }

  #chargeCall({ limit, key, amount }: Charge, earliest: EpochMs): ChargeCall {
    const [kind, a, b, c] = this.#windows.argumentsOf(limit, earliest);
    const enforced = limit.enforced ? 1 : 0;
    return { key: counterName(limit.id, key), kind, a, b, c, max: limit.max, amount, enforced };
  }

  #settleCall({ limit, key, draw, giveBack, add, drawn }: Settlement, earliest: EpochMs): SettleCall {
    const [kind, a, b, c] = this.#windows.argumentsOf(limit, earliest);
    return {
      key: counterName(limit.id, key),
      kind,
      a,
      b,
      c,
      max: limit.max,
      want: draw?.want ?? 0,
      need: draw?.need ?? 0,
      giveSlot: giveBack?.slot ?? 0,
      giveAmount: giveBack?.amount ?? 0,
      addBatch: add?.batch ?? 0,
      addAmount: add?.amount ?? 0,
      addSlot: add?.slot ?? 0,
      addUntil: add?.until ?? 0,
      drawnSlot: drawn?.slot ?? 0,
      drawnAmount: drawn?.amount ?? 0,
    };
  }

  #traced<T>(name: string, calls: readonly object[], reply: T): T {
    const { node, trace } = this.#options;
    trace?.(`redis ${name} of ${node} ${JSON.stringify(calls)} -> ${JSON.stringify(reply)}`);
    return reply;
  }
}

/** What the model calls a counter. */
export function counterName(limitId: string, key: string): string {
  return `${limitId}/${key}`;
}
