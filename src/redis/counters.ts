import { SharedClock } from "../counters/shared-clock.js";
import type { Settled, Settlement, SharedCounters, SharedOutcome } from "../counters/shared-counters.js";
import { StoreUnreachable } from "../counters/store.js";
import { type Charge, hasRoom, type Limit } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";
import { type RedisClient, Script } from "./commands.js";
import { type LinkEvents, RedisLink } from "./link.js";
import { beatScript, chargeScript, REDIS_TIME, settleScript } from "./scripts.js";
import { WindowBook } from "./window-arguments.js";

export interface RedisCountersOptions {
  readonly client: RedisClient;
  /** Whether the keys of one request may live on different servers, so that each needs a call of its own. */
  readonly cluster: boolean;
  /** What all keys begin with. */
  readonly prefix: string;
  /** Unique among all nodes that ever counted. */
  readonly node: string;
  /** No decision waits longer for Redis. */
  readonly deadlineMs: number;
  readonly now: () => EpochMs;
  readonly events: LinkEvents;
  /** Gives up a connection on which nothing comes. */
  readonly reconnect: () => void;
  /** Lua that sets `now`: Redis's own clock, unless a test says otherwise. */
  readonly clock?: string;
}

/** The layout of the keys and of what is in them: another version never reads this one's. */
const LAYOUT = 1;
/** A node that has given no sign of life for so long is not reckoned with. */
const LIFE_MS = 5_000;

type Argument = string | number;

/**
 * Counters in Redis, by Redis's clock. On one server a request's charges are one call; on a Redis Cluster each is made
 * alone, and taken back when another has no room.
 */
export class RedisCounters implements SharedCounters {
  readonly #options: RedisCountersOptions;
  readonly #windows = new WindowBook();
  readonly time = new SharedClock();
  readonly #link: RedisLink;
  readonly #scripts: { readonly charge: Script; readonly settle: Script; readonly beat: Script };
  readonly #keys: string;
  #nodes = 1;
  #calls = 0;

  constructor(options: RedisCountersOptions) {
    const { clock = REDIS_TIME, prefix } = options;
    this.#options = options;
    this.#keys = `${prefix}:${LAYOUT}:`;
    this.#scripts = {
      charge: new Script(chargeScript(clock)),
      settle: new Script(settleScript(clock)),
      beat: new Script(beatScript(clock)),
    };
    this.#link = new RedisLink({ ...options, beat: () => this.#beat(LIFE_MS) });
  }

  get reachable(): boolean {
    return this.#link.up;
  }

  /** Nodes that gave a sign of life lately, this one included. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Scripts that Redis was asked to run so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Begins to give signs of life. Resolves when the first was answered, or when it is too late to wait for it. */
  start(): Promise<void> {
    return this.#link.start();
  }

  /** Gives no more signs of life; the others reckon without this node at once. */
  async stop(): Promise<void> {
    this.#link.stop();
    if (!this.#link.up) return;
    const leave = this.#link.within(this.#beat(0));
    await leave.catch(() => {});
  }

  charge(charges: readonly Charge[]): Promise<SharedOutcome> {
    if (!this.#link.up) return Promise.reject(new StoreUnreachable(this.#link.reason));
    return this.#link.within(
      this.#options.cluster ? this.#chargeEach(charges) : this.#chargeTogether(charges),
    );
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly (Settled | null)[]> {
    const calls = this.#options.cluster ? settlements.map((settlement) => [settlement]) : [settlements];
    const parts = await Promise.all(
      calls.map(async (call) => (await this.#link.watch(this.#settleTogether(call))) ?? call.map(() => null)),
    );
    return parts.flat();
  }

  async #chargeTogether(charges: readonly Charge[]): Promise<SharedOutcome> {
    const keys = charges.map(({ limit, key }) => this.#key(limit, key));
    const reply = await this.#run(this.#scripts.charge, keys, 2 + 3 * charges.length, (now) => {
      const args: Argument[] = [];
      for (const { limit, amount } of charges) {
        const [kind, a, b, c] = this.#windows.argumentsOf(limit, now);
        args.push(kind, a, b, c, limit.max, amount, limit.enforced ? 1 : 0);
      }
      return args;
    });
    const [at = 0, admitted, ...told] = reply;
    const standings = charges.map((_, i) => {
      const [used = 0, resetAt = 0, slot = 0] = told.slice(3 * i, 3 * i + 3);
      return { used, resetAt, slot };
    });
    return { at, admitted: admitted === 1, standings };
  }

  /** Reserves each charge where it lives, and gives all back when one that counts has no room. */
  async #chargeEach(charges: readonly Charge[]): Promise<SharedOutcome> {
    const settled = await this.settle(
      charges.map(({ limit, key, amount }) => ({
        ...{ limit, key, giveBack: null, add: null, drawn: null },
        draw: amount > 0 ? { want: amount, need: amount } : null,
      })),
    );
    let admitted = !settled.includes(null);
    const back: Settlement[] = [];
    const reserved = charges.map((charge, i) => {
      const { granted = 0, used = 0, slot = 0 } = settled[i] ?? {};
      const fits = charge.amount > 0 ? granted === charge.amount : hasRoom(charge, used);
      if (charge.limit.enforced && !fits) admitted = false;
      return { charge, granted, slot, fits };
    });
    for (const { charge, granted, slot, fits } of reserved) {
      if (granted === 0 || (admitted && fits)) continue;
      const { limit, key } = charge;
      back.push({ limit, key, draw: null, giveBack: { slot, amount: granted }, add: null, drawn: null });
    }
    if (back.length > 0) void this.settle(back);
    const told = settled.filter((one) => one !== null);
    if (told.length < charges.length) throw new Error("a part of Redis Cluster did not answer");
    return {
      at: Math.max(...told.map(({ at }) => at)),
      admitted,
      standings: told.map(({ used, granted, resetAt, slot }) => ({ used: used - granted, resetAt, slot })),
    };
  }

  async #settleTogether(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    const keys = settlements.map(({ limit, key }) => this.#key(limit, key));
    const reply = await this.#run(this.#scripts.settle, keys, 1 + 4 * settlements.length, (now) => {
      const args: Argument[] = [this.#options.node, this.#nodes];
      for (const { limit, draw, giveBack, add, drawn } of settlements) {
        args.push(...this.#windows.argumentsOf(limit, now), limit.max, draw?.want ?? 0, draw?.need ?? 0);
        args.push(giveBack?.slot ?? 0, giveBack?.amount ?? 0);
        args.push(add?.batch ?? 0, add?.amount ?? 0, add?.slot ?? 0, add?.until ?? 0);
        args.push(drawn?.slot ?? 0, drawn?.amount ?? 0);
      }
      return args;
    });
    const [at = 0, ...told] = reply;
    return settlements.map((_, i) => {
      const [granted = 0, slot = 0, used = 0, resetAt = 0] = told.slice(4 * i, 4 * i + 4);
      return { at, granted, slot, used, resetAt };
    });
  }

  async #beat(lifeMs: number): Promise<void> {
    const args = () => [this.#options.node, lifeMs];
    const [, nodes = 1] = await this.#run(this.#scripts.beat, [`${this.#keys}nodes`], 2, args);
    this.#nodes = Math.max(1, nodes);
  }

  /** Asks once more when Redis knows only windows that weir did not think of: its clock was not yet known. */
  async #run(
    script: Script,
    keys: readonly string[],
    length: number,
    argumentsAt: (now: EpochMs) => readonly Argument[],
  ): Promise<readonly number[]> {
    const { client, now } = this.#options;
    for (let attempt = 1; attempt <= 2; attempt++) {
      const sentAt = now();
      this.#calls++;
      const reply = await script.run(client, keys, argumentsAt(this.time.earliest(sentAt)));
      const [at] = reply;
      if (at !== undefined && (reply.length === length || reply.length === 1))
        this.time.told(at, sentAt, now());
      else throw new Error("Redis answered another number of values than weir asked for");
      if (reply.length === length) return reply;
    }
    throw new Error("Redis's clock went on by a whole window while it was asked");
  }

  /** The identity of a limit tells its own length, so that no two counters come to share a key. */
  #key({ id }: Limit, key: string): string {
    return `${this.#keys}${id.length}:${id}:${key}`;
  }
}
