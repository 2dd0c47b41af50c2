import { FallbackStore } from "../../src/counters/fallback.js";
import { LeasedStore } from "../../src/counters/leased.js";
import { MemoryStore } from "../../src/counters/memory.js";
import { Outbox } from "../../src/counters/outbox.js";
import type { CounterStore } from "../../src/counters/store.js";
import { StrictStore } from "../../src/counters/strict.js";
import type { Limit } from "../../src/policy/limit.js";
import type { EpochMs } from "../../src/policy/window.js";
import { type Host, SimulatedCounters } from "./counters.js";
import type { Line } from "./line.js";
import type { SimulatedRedis } from "./redis.js";
import { QUIET, type VirtualTime } from "./virtual-time.js";

export interface NodePlan {
  readonly mode: "strict" | "leased";
  /** A leased node's small limits are strict. */
  readonly strictUpTo: number;
  readonly maxLeases: number;
  /** How far its clock is ahead of Redis's at first. */
  readonly aheadMs: number;
}

export interface NodeOptions {
  readonly name: string;
  readonly plan: NodePlan;
  readonly time: VirtualTime;
  readonly redis: SimulatedRedis;
  readonly line: Line;
  readonly startsAt: EpochMs;
  readonly deadlineMs: number;
  readonly limits: readonly Limit[];
  readonly trace: ((text: string) => void) | null;
}

const SWEEP_MS = 700;
const MAX_COUNTERS = 10_000;

/** One weir: the real stores, over a network and by a clock that are not. It ends by a crash, or in good order. */
export class SimulatedNode {
  readonly name: string;
  readonly line: Line;
  /** The policy that it has now. */
  limits: readonly Limit[];
  /** Requests under way, and responses whose cost is not known yet. */
  busy = 0;
  isAccepting = true;
  readonly #options: NodeOptions;
  readonly #host: Host;
  readonly #outbox: Outbox;
  readonly #leased: LeasedStore;
  readonly #store: CounterStore;
  #isAlive = true;
  #aheadMs: number;
  readonly #stalls: { readonly fromMs: number; readonly toMs: number }[] = [];

  constructor(options: NodeOptions) {
    const { name, plan, redis, line, deadlineMs, limits, trace } = options;
    this.name = name;
    this.line = line;
    this.limits = limits;
    this.#options = options;
    this.#aheadMs = plan.aheadMs;
    const host = this.#makeHost();
    this.#host = host;
    const counters = new SimulatedCounters({ node: name, line, redis, host, deadlineMs, trace });
    const shared = { shared: counters, scheduler: host, deadlineMs };
    this.#outbox = new Outbox(counters, host, MAX_COUNTERS);
    const strict = new StrictStore(counters, this.#outbox);
    this.#leased = new LeasedStore({ ...shared, ...plan, strict, outbox: this.#outbox });
    this.#store = new FallbackStore({
      store: plan.mode === "strict" ? strict : this.#leased,
      onError: "deny",
      local: new MemoryStore({ maxCounters: MAX_COUNTERS }),
      nodes: () => 1,
      reachable: () => counters.reachable,
    });
    this.#sweep();
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** For how long it got to nothing in between. */
  stalledMs(fromMs: number, toMs: number): number {
    const shared = this.#stalls.map((stall) => Math.min(toMs, stall.toMs) - Math.max(fromMs, stall.fromMs));
    return shared.reduce((sum, ms) => sum + Math.max(0, ms), 0);
  }

  now(): EpochMs {
    return Math.floor(this.#options.startsAt + this.#options.time.now + this.#aheadMs);
  }

  deliver(take: () => unknown): unknown {
    return this.#host.deliver(take);
  }

  charge(...args: Parameters<CounterStore["charge"]>): ReturnType<CounterStore["charge"]> {
    return this.#store.charge(...args);
  }

  add(...args: Parameters<CounterStore["add"]>): void {
    void this.#store.add(...args);
  }

  adjust(...args: Parameters<CounterStore["adjust"]>): void {
    void this.#store.adjust(...args);
  }

  jump(byMs: number): void {
    this.#aheadMs += byMs;
  }

  /** Gets to nothing for a while, as a process does that the system does not run. */
  stall(forMs: number): void {
    const fromMs = this.#options.time.now;
    this.#stalls.push({ fromMs, toMs: fromMs + forMs });
  }

  crash(): void {
    this.isAccepting = false;
    this.#isAlive = false;
  }

  /** Takes no more requests, ends those that it has, and gives back what it holds. */
  stop(): void {
    this.isAccepting = false;
    if (this.busy > 0) {
      this.#host.after(5, () => this.stop());
      return;
    }
    void this.#leased
      .close()
      .then(() => this.#outbox.drain())
      .then(() => this.crash());
  }

  #sweep(): void {
    this.#host.after(SWEEP_MS, () => {
      this.#leased.sweep(this.now());
      this.#sweep();
      return QUIET;
    });
  }

  #makeHost(): Host {
    const { time } = this.#options;
    const deliver = (take: () => unknown): unknown => {
      if (!this.#isAlive) return QUIET;
      const stall = this.#stalls.find(({ toMs }) => time.now < toMs);
      if (!stall) return take();
      time.at(stall.toMs, () => deliver(take));
      return QUIET;
    };
    return {
      deliver,
      now: () => this.now(),
      soon: (run) => void time.at(time.now, () => deliver(run)),
      after: (delayMs, run) => {
        let isCancelled = false;
        const cancel = time.after(delayMs, () => deliver(() => (isCancelled ? QUIET : run())));
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
  }
}
