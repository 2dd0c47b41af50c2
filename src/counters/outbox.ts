import type { Charge, Limit } from "../policy/limit.js";
import { type EpochMs, windowLengthMs } from "../policy/window.js";
import type { Scheduler } from "./scheduler.js";
import type { Addition, Settled, Settlement, SharedCounters, SlotEnd } from "./shared-counters.js";
import { slotAt, slotLeavesAt } from "./slot.js";
import type { Adjustment } from "./store.js";

/** Amounts of one counter that go together: they are of one slot, or are counted until about the same time. */
interface Part {
  /** Negative where corrections give back more than there is to add. */
  amount: number;
  /** Null: what is counted in when it comes. */
  readonly slot: SlotEnd | null;
  /** In shared time. */
  readonly until: EpochMs;
}

/** A counter by its limit and key. */
export interface CounterRef {
  readonly limit: Limit;
  readonly key: string;
}

interface Entry extends CounterRef {
  /** Not sent yet. */
  waiting: Part[];
  /** Sent, and sent again as it is until it is answered. */
  batch: (Addition & { sentAs: number }) | null;
  /** The batch was not answered, and waits to be sent again. */
  hasFailed: boolean;
}

const RETRY_MS = 100;
/** Amounts of a sliding window are kept apart by this part of it, so that those that have left it are not counted. */
const PARTS = 64;
/** Counters in one call. */
const CALL_SIZE = 100;

/**
 * What has been used, or corrected, and is yet to be counted by the shared counters. It is on its way in the turn of
 * the event loop in which it is put in; one counter has one batch under way, and what comes meanwhile, or belongs to
 * another slot, follows in the next. A batch that is not answered is sent again until its window is over, and counted
 * once, since it carries a number.
 */
export class Outbox {
  readonly #shared: SharedCounters;
  readonly #scheduler: Scheduler;
  readonly #maxEntries: number;
  /** Told of every counter that something was added to, with the number of the batch. */
  onAdded: (counter: CounterRef, settled: Settled, batch: number, sentAt: EpochMs) => void = () => {};
  readonly #entries = new Map<string, Entry>();
  /** Entries with something to send and no batch under way. */
  #ready: Entry[] = [];
  /** Entries whose batch failed. */
  #failed: Entry[] = [];
  readonly #drained: (() => void)[] = [];
  #retrying = false;
  #closed = false;
  #batches = 0;
  #dropped = 0;

  constructor(shared: SharedCounters, scheduler: Scheduler, maxEntries: number) {
    this.#shared = shared;
    this.#scheduler = scheduler;
    this.#maxEntries = maxEntries;
  }

  /** Charges that were given up for want of room, while the shared counters were out of reach. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Counters with something that is not known to be counted. */
  get size(): number {
    return this.#entries.size;
  }

  /** Takes what was used, to be counted in what is counted in when it comes. */
  put(charges: readonly Charge[], now: EpochMs): void {
    const at = this.#shared.time.latest(now);
    for (const { limit, key, amount } of charges) {
      const until = slotLeavesAt(limit.window, slotAt(limit.window, at));
      this.#put(limit, key, { amount, slot: null, until }, now);
    }
  }

  /** Takes corrections, to be counted in the slots of what they correct. */
  adjust(adjustments: readonly Adjustment[], now: EpochMs): void {
    for (const { limit, key, by, slot } of adjustments)
      this.#put(limit, key, { amount: by, slot, until: slotLeavesAt(limit.window, slot) }, now);
  }

  /** The number of the last batch that is on its way: what is asked for from now on, is answered with it counted. */
  get sent(): number {
    return this.#batches;
  }

  /**
   * What is put in for a counter and was not sent up to and with batch `since`. What is given back is no part of it, nor
   * taken off it: there is room only once that is counted.
   */
  pending(limit: Limit, key: string, since: number): number {
    const entry = this.#entries.get(nameOf(limit, key));
    if (!entry) return 0;
    const { batch, hasFailed } = entry;
    const sent = batch && (hasFailed || batch.sentAs > since) ? Math.max(0, batch.amount) : 0;
    return entry.waiting.reduce((sum, { amount }) => sum + Math.max(0, amount), sent);
  }

  #put(limit: Limit, key: string, part: Part, now: EpochMs): void {
    const entry = part.amount === 0 ? null : this.#entryOf(limit, key);
    if (!entry) return;
    if (entry.batch === null && entry.waiting.length === 0) this.#makeReady(entry);
    // What came with a slot goes by another's time, which this node may not have heard yet.
    const earliest = this.#shared.time.earliest(now);
    entry.waiting = entry.waiting.filter(({ slot, until }) => slot !== null || earliest < until);
    const apartMs = (windowLengthMs(limit.window) ?? 0) / PARTS;
    const like = entry.waiting.findLast(
      ({ slot, until }) => slot === part.slot && (slot !== null || part.until - until <= apartMs),
    );
    if (like) like.amount += part.amount;
    else entry.waiting.push(part);
  }

  /** It is sent before anything that the caller asks of the counters next, and together with what else comes at once. */
  #makeReady(entry: Entry): void {
    if (this.#ready.push(entry) === 1) queueMicrotask(() => void this.#flush());
  }

  /** Sends what waits, if there is anybody to send it to. */
  async #flush(): Promise<void> {
    if (!this.#shared.reachable) return this.#retryLater();
    const now = this.#scheduler.now();
    const ready = this.#ready.filter((entry) => this.#take(entry, now));
    this.#ready = [];
    await Promise.all(chunks(ready).map((part) => this.#call(part)));
  }

  /** Resolves when nothing is left to be counted, which while the shared counters are out of reach may take long. */
  async drain(): Promise<void> {
    await this.#flush();
    if (this.#entries.size > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Tries no more. */
  close(): void {
    this.#closed = true;
  }

  /** Makes a batch of what waits for the same slot and still counts; false when nothing does. */
  #take(entry: Entry, now: EpochMs): boolean {
    const earliest = this.#shared.time.earliest(now);
    const live = entry.waiting.filter(({ amount, until }) => amount !== 0 && earliest < until);
    const [first] = live;
    if (!first) {
      this.#forget(entry);
      return false;
    }
    const { slot } = first;
    const together = live.filter((part) => part.slot === slot);
    entry.waiting = live.filter((part) => part.slot !== slot);
    const sum = together.reduce((total, part) => total + part.amount, 0);
    const batch = ++this.#batches;
    entry.batch = {
      ...{ batch, sentAs: batch, slot },
      amount: Math.min(sum, Number.MAX_SAFE_INTEGER),
      until: together.at(-1)?.until ?? first.until,
    };
    return true;
  }

  async #call(entries: readonly Entry[]): Promise<void> {
    const sentAt = this.#scheduler.now();
    const settled = await this.#shared.settle(
      entries.map(
        ({ limit, key, batch: add }): Settlement => ({
          ...{ limit, key, draw: null, giveBack: null, add, drawn: null },
        }),
      ),
    );
    const now = this.#scheduler.now();
    for (const [i, entry] of entries.entries()) {
      const answer = settled[i];
      if (answer) {
        this.onAdded(entry, answer, entry.batch?.batch ?? 0, sentAt);
      }
      if (answer || (entry.batch && entry.batch.until <= this.#shared.time.earliest(now))) this.#done(entry);
      else this.#fail(entry);
    }
    if (this.#ready.length > 0) void this.#flush();
  }

  #done(entry: Entry): void {
    entry.batch = null;
    if (entry.waiting.length > 0) this.#ready.push(entry);
    else this.#forget(entry);
  }

  #forget({ limit, key }: Entry): void {
    this.#entries.delete(nameOf(limit, key));
    if (this.#entries.size === 0) for (const resolve of this.#drained.splice(0)) resolve();
  }

  #fail(entry: Entry): void {
    entry.hasFailed = true;
    this.#failed.push(entry);
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#retrying || this.#closed) return;
    this.#retrying = true;
    this.#scheduler.after(RETRY_MS, () => {
      this.#retrying = false;
      if (this.#shared.reachable) void this.#retry();
      else this.#retryLater();
    });
  }

  /** One call after the other: there may be many. */
  async #retry(): Promise<void> {
    const failed = this.#failed;
    this.#failed = [];
    for (const part of chunks(failed)) {
      for (const entry of part) {
        entry.hasFailed = false;
        if (entry.batch) entry.batch.sentAs = ++this.#batches;
      }
      await this.#call(part);
    }
    await this.#flush();
  }

  #entryOf(limit: Limit, key: string): Entry | null {
    const name = nameOf(limit, key);
    let entry = this.#entries.get(name);
    if (entry) return entry;
    if (this.#entries.size >= this.#maxEntries) {
      this.#dropped++;
      return null;
    }
    entry = { limit, key, waiting: [], batch: null, hasFailed: false };
    this.#entries.set(name, entry);
    return entry;
  }
}

function chunks(entries: readonly Entry[]): Entry[][] {
  const parts: Entry[][] = [];
  for (let i = 0; i < entries.length; i += CALL_SIZE) parts.push(entries.slice(i, i + CALL_SIZE));
  return parts;
}

function nameOf({ id }: Limit, key: string): string {
  return `${id.length}:${id}:${key}`;
}
