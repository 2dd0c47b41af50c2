import type { Charge, Limit, Standing } from "../policy/limit.js";
import { type EpochMs, windowLengthMs } from "../policy/window.js";
import type { Lease, Room } from "./lease.js";
import { LeaseBook } from "./lease-book.js";
import { LeaseRounds } from "./lease-rounds.js";
import type { Outbox } from "./outbox.js";
import type { Scheduler } from "./scheduler.js";
import type { SharedCounters } from "./shared-counters.js";
import { slidingBucketMs } from "./sliding-ledger.js";
import { type Adjustment, type CounterStore, type Outcome, StoreUnreachable } from "./store.js";

export interface LeasedStoreOptions {
  readonly shared: SharedCounters;
  /** For limits that are too small, or whose windows are too short, to be drawn in slices. */
  readonly strict: CounterStore;
  /** Takes what was used, and tells what of it is not counted yet. */
  readonly outbox: Outbox;
  readonly scheduler: Scheduler;
  /** No request waits longer for a slice. */
  readonly deadlineMs: number;
  /** Leases at the most; above it the oldest give back what they hold. */
  readonly maxLeases: number;
  /** Limits up to this number are strict. */
  readonly strictUpTo?: number;
}

/** A slice of a small limit would be a large part of it. */
const STRICT_UP_TO = 100;
/** A slice of a sliding window lasts for one of its buckets, which has to be worth the asking. */
const LEAST_BUCKET_MS = 100;

/** A request that lacks a slice. */
interface Waiter {
  readonly charges: readonly Charge[];
  /** The last round that was sent before it came. */
  readonly joined: number;
  readonly deadline: EpochMs;
  readonly resolve: (outcome: Outcome | Promise<Outcome>) => void;
  readonly reject: (error: StoreUnreachable) => void;
}

/** A charge with what is known of its counter. One without a lease is for the strict store. */
interface Part {
  readonly charge: Charge;
  readonly lease: Lease | null;
  readonly pending: number;
  readonly room: Room;
}

/**
 * Counts in memory, out of slices drawn from the shared counters beforehand. A request whose slices are at hand is
 * decided without asking anybody, all or nothing in one turn of the event loop; one that lacks some waits for them.
 * Limits that are only looked at (tokens, bytes) are known as of a moment ago.
 */
export class LeasedStore implements CounterStore {
  readonly #options: LeasedStoreOptions;
  readonly #book: LeaseBook;
  readonly #rounds: LeaseRounds;
  readonly #strictUpTo: number;
  #waiters: Waiter[] = [];
  #watching = false;
  #evictions = 0;

  constructor(options: LeasedStoreOptions) {
    this.#options = options;
    this.#strictUpTo = options.strictUpTo ?? STRICT_UP_TO;
    this.#rounds = new LeaseRounds({
      ...options,
      lastBatch: () => options.outbox.sent,
      needs: () => this.#needs(),
      onAnswered: (round, failed) => this.#serve(round, failed),
    });
    this.#book = new LeaseBook(options.maxLeases, (leases) => {
      this.#evictions += leases.length;
      void this.#rounds.release(leases);
    });
    options.outbox.onAdded = ({ limit, key }, settled, batch, sentAt) => {
      this.#book.find(limit, key)?.saw(settled, batch, sentAt, options.scheduler.now());
    };
  }

  get leases(): number {
    return this.#book.size;
  }

  /** Leases in use that made room for others. */
  get evictions(): number {
    return this.#evictions;
  }

  charge(charges: readonly Charge[], now: EpochMs): Outcome | Promise<Outcome> {
    const outcome = this.#attempt(charges, now, Infinity);
    if (outcome) return outcome;
    const { shared, deadlineMs } = this.#options;
    if (!shared.reachable)
      return Promise.reject(new StoreUnreachable("the shared counters are out of reach"));
    return new Promise((resolve, reject) => {
      this.#waiters.push({ charges, joined: this.#rounds.last, deadline: now + deadlineMs, resolve, reject });
      this.#rounds.hurry();
      this.#watch();
    });
  }

  add(charges: readonly Charge[], now: EpochMs): void {
    this.#options.outbox.put(charges, now);
  }

  /** What was spent of a lease was counted when it was drawn, in the lease's slot: that is where it is corrected. */
  adjust(adjustments: readonly Adjustment[], now: EpochMs): void {
    this.#options.outbox.adjust(adjustments, now);
  }

  /** Forgets the leases with which nothing is lost. */
  sweep(now: EpochMs): void {
    this.#book.sweep(now);
  }

  /** Gives everything back. Nothing may be charged after this. */
  close(): Promise<void> {
    return this.#rounds.close(this.#book.all());
  }

  /** Decides with what is at hand; null when that does not suffice. */
  #attempt(charges: readonly Charge[], now: EpochMs, joined: number): Outcome | Promise<Outcome> | null {
    const parts = charges.map((charge) => this.#part(charge, now, joined));
    const admitted = !parts.some(({ charge, room }) => room === "no" && charge.limit.enforced);
    for (const { charge, lease } of parts) {
      if (lease?.isDue(now) || (charge.amount === 0 && lease?.isAgeing(now))) this.#rounds.collect(lease);
    }
    if (admitted && parts.some(({ room }) => room === "ask")) return null;
    const standings = parts.map((part) => standingOf(part, now));
    if (!admitted) return { kind: "counted", admitted, standings };
    const spent = parts.filter(({ charge, lease, room }) => lease && room === "yes" && charge.amount > 0);
    for (const { charge, lease } of spent) lease?.spend(charge.amount, now);
    const strict = parts.filter(({ lease }) => lease === null).map(({ charge }) => charge);
    if (strict.length === 0) return { kind: "counted", admitted, standings };
    return this.#chargeStrict(strict, spent, standings, now);
  }

  /** The slices are spent already: they are taken back when the rest is not admitted. */
  async #chargeStrict(
    strict: readonly Charge[],
    spent: readonly Part[],
    standings: readonly Standing[],
    now: EpochMs,
  ): Promise<Outcome> {
    const slots = spent.map(({ lease }) => lease?.slot ?? 0);
    let admitted = false;
    try {
      const outcome = await this.#options.strict.charge(strict, now);
      admitted = outcome.admitted;
      if (outcome.kind !== "counted") return outcome;
      const told = new Map(outcome.standings.map((standing) => [standing.charge, standing]));
      return { ...outcome, standings: standings.map((standing) => told.get(standing.charge) ?? standing) };
    } finally {
      for (const [i, { charge, lease }] of admitted ? [] : spent.entries()) {
        if (!lease) continue;
        lease.unspend(charge, slots[i] ?? 0);
        this.#rounds.keep(lease);
      }
    }
  }

  #part(charge: Charge, now: EpochMs, joined: number): Part {
    const { limit, key } = charge;
    if (!this.#isLeased(charge)) return { charge, lease: null, pending: 0, room: "yes" };
    const lease = this.#book.get(charge, now);
    const pending = limit.unit === "requests" ? 0 : this.#options.outbox.pending(limit, key, lease.batch);
    return { charge, lease, pending, room: lease.room(charge, pending, now, joined) };
  }

  #isLeased({ limit, amount }: Charge): boolean {
    if (amount === 0) return true;
    return limit.max > this.#strictUpTo && isLongEnough(limit);
  }

  /** What the waiting requests lack, by lease. */
  #needs(): Map<Lease, number> {
    const now = this.#options.scheduler.now();
    const needs = new Map<Lease, number>();
    for (const { charges, joined } of this.#waiters) {
      for (const charge of charges) {
        const { lease, room } = this.#part(charge, now, joined);
        if (lease && room === "ask") needs.set(lease, (needs.get(lease) ?? 0) + charge.amount);
      }
    }
    return needs;
  }

  #serve(round: number, failed: boolean): void {
    const now = this.#options.scheduler.now();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      const outcome = this.#attempt(waiter.charges, now, waiter.joined);
      if (outcome) waiter.resolve(outcome instanceof Promise ? this.#until(waiter, outcome) : outcome);
      else if (failed && waiter.joined < round) waiter.reject(new StoreUnreachable("no answer to a draw"));
      else this.#waiters.push(waiter);
    }
    if (this.#waiters.length > 0) this.#rounds.hurry();
  }

  /** The strict part comes on top of the wait for slices, and both have one deadline. */
  #until({ deadline }: Waiter, outcome: Promise<Outcome>): Promise<Outcome> {
    const { scheduler } = this.#options;
    return new Promise((resolve, reject) => {
      const late = () => scheduler.soon(() => reject(new StoreUnreachable("no answer within the deadline")));
      const cancel = scheduler.after(Math.max(0, deadline - scheduler.now()), late);
      outcome.then(resolve, reject).finally(cancel);
    });
  }

  /** Turns away those who have waited too long: they come first. */
  #watch(): void {
    const [first] = this.#waiters;
    if (this.#watching || !first) return;
    this.#watching = true;
    const { scheduler } = this.#options;
    scheduler.after(Math.max(0, first.deadline - scheduler.now()), () => {
      // An answer that has arrived while this process was busy is read first.
      scheduler.soon(() => {
        this.#watching = false;
        const now = scheduler.now();
        while (this.#waiters[0] && this.#waiters[0].deadline <= now)
          this.#waiters.shift()?.reject(new StoreUnreachable("no slice within the deadline"));
        this.#watch();
      });
    });
  }
}

function standingOf({ charge, lease, pending, room }: Part, now: EpochMs): Standing {
  return lease ? lease.standing(charge, pending, room, now) : { charge, used: 0, resetAt: now, slot: 0 };
}

function isLongEnough({ window }: Limit): boolean {
  const lengthMs = windowLengthMs(window);
  return window.kind === "fixed" || lengthMs === null || slidingBucketMs(lengthMs) >= LEAST_BUCKET_MS;
}
