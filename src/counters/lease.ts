import type { Charge, Limit, Standing } from "../policy/limit.js";
import type { EpochMs } from "../policy/window.js";
import { SharedClock } from "./shared-clock.js";
import type { Settled, Settlement, SlotEnd } from "./shared-counters.js";
import { slotAt } from "./slot.js";

/** Whether a charge fits: `ask` when only the shared counter can tell. */
export type Room = "yes" | "no" | "ask";

/** What a node holds lasts it for about so long, at the rate at which it spends. */
const HOLD_MS = 100;
/** The rate is measured over at least so long. */
const MEASURE_MS = 20;
/** What is held and not touched for so long is given back. */
export const IDLE_MS = 100;
/** What is known of a counter that is only looked at (tokens, bytes) is at the most so old when it is gone by. */
export const VIEW_MS = 100;
/** A limit is taken for full for so long after it was last seen so. */
const FULL_MS = 1_000;
/** A limit found full is asked about again so often: others may have given something back. */
const POLL_MS = 50;

/**
 * What one node knows of one shared counter and may spend of it. All that is spent was counted by the shared counter
 * before, for one slot; nothing is spent once that slot may be over; and what is given back is no longer held. So
 * whatever becomes of messages and nodes, a window never admits more than the shared counter has counted in it.
 */
export class Lease {
  readonly key: string;
  /** A settlement is under way. */
  busy = false;
  #limit: Limit;
  readonly #time = new SharedClock();
  #slot: SlotEnd = -Infinity;
  #held = 0;
  /** Drawn in the slot and not given back. */
  #drawn = 0;
  /** What is no longer held and still to be given back, by slot. */
  readonly #over = new Map<SlotEnd, number>();
  #used = 0;
  #resetAt: EpochMs = 0;
  #toldAt: EpochMs = -Infinity;
  /** The last batch of what was used that {@link #used} contains. */
  #batch = 0;
  /** The last settlement asked for a slice. */
  #drew = false;
  /** The limit's number when it did. */
  #askedMax = 0;
  /** Nothing was left when a slice was last asked for. */
  #full = false;
  #pollAt: EpochMs = 0;
  /** Requests that joined before this round waited for the last answer. */
  #freshRound = -Infinity;
  /** Per second. */
  #rate = 0;
  #spent = 0;
  #spentAt: EpochMs = -Infinity;
  #measuredAt: EpochMs;

  constructor({ limit, key }: Charge, now: EpochMs) {
    this.key = key;
    this.#limit = limit;
    this.#measuredAt = now;
  }

  get limit(): Limit {
    return this.#limit;
  }

  get slot(): SlotEnd {
    return this.#slot;
  }

  get held(): number {
    return this.#held;
  }

  get batch(): number {
    return this.#batch;
  }

  /** The policy was reloaded. With a smaller number nothing is left of what the old one granted. */
  adopt(limit: Limit): void {
    if (limit.max < this.#limit.max) this.#letGo();
    if (limit.max !== this.#limit.max) {
      this.#full = false;
      this.#toldAt = -Infinity;
    }
    this.#limit = limit;
  }

  /**
   * @param pending used here and not yet known to the shared counter
   * @param joined the round that was the last when the request came: an answer to a later one was given for it, in
   * its time, even when the slot is over by now
   */
  room({ amount }: Charge, pending: number, now: EpochMs, joined = Infinity): Room {
    const fresh = joined < this.#freshRound;
    if (!fresh) this.#turn(now);
    if (amount > 0) {
      // Corrections may take the counter past the limit. Then of what was drawn so much less is there to spend.
      const debt = Math.max(0, this.#used + pending - this.#limit.max);
      if (this.#held - debt >= amount) return "yes";
      return this.#full && now - this.#toldAt <= FULL_MS ? "no" : "ask";
    }
    if (!fresh && now - this.#toldAt > VIEW_MS) return "ask";
    return this.#used - this.#held + pending < this.#limit.max ? "yes" : "no";
  }

  /** The counter as the charge finds it, in keeping with what {@link room} said. */
  standing(charge: Charge, pending: number, room: Room, now: EpochMs): Standing {
    const counted = Math.max(0, this.#used - this.#held + pending);
    const most = charge.limit.max - Math.max(1, charge.amount);
    const used = room === "no" ? Math.max(counted, most + 1) : Math.min(counted, most);
    const slot = this.#slot > -Infinity ? this.#slot : slotAt(charge.limit.window, this.#time.latest(now));
    return { charge, used, resetAt: Math.max(now + 1, this.#time.local(this.#resetAt)), slot };
  }

  spend(amount: number, now: EpochMs): void {
    this.#held -= amount;
    this.#spent += amount;
    this.#spentAt = now;
  }

  /** Takes back what was spent in `slot` on a request that did not pass. */
  unspend({ amount, limit }: Charge, slot: SlotEnd): void {
    if (slot === this.#slot && limit.max <= this.#limit.max) this.#held += amount;
    else if (slot === this.#slot) this.#owe(slot, amount);
    else if (this.#limit.window.kind === "sliding") this.#owe(slot, amount);
    this.#spent = Math.max(0, this.#spent - amount);
  }

  /** Whether the shared counter should be asked before somebody has to wait for it. */
  isDue(now: EpochMs): boolean {
    return !this.busy && (this.owes || this.#isLow(now));
  }

  /** Whether what is known of a counter that is only looked at will soon be too old. */
  isAgeing(now: EpochMs): boolean {
    return !this.busy && now - this.#toldAt > VIEW_MS / 2;
  }

  /** What there is to settle: tells what is given back, and draws if need be. `need` is what requests wait for. */
  settle(need: number, now: EpochMs): Settlement {
    this.#turn(now);
    // Until a rate is known, every slice is about twice what the last ones came to.
    const ahead = 2 * this.#spent;
    this.#measure(now);
    const want = Math.max(1, need, Math.max(ahead, this.#target()) - this.#held);
    return this.#tell(need > 0 || this.#isLow(now) ? { want, need } : null);
  }

  /** Whether there is something to give back. */
  get owes(): boolean {
    return this.#over.size > 0;
  }

  /** Settlements that only give back. */
  farewell(): Settlement[] {
    const settlements: Settlement[] = [];
    while (this.owes) settlements.push(this.#tell(null));
    return settlements;
  }

  #tell(draw: Settlement["draw"]): Settlement {
    const { limit, key } = this;
    this.#drew = draw !== null;
    this.#askedMax = limit.max;
    const drawn = this.#drawn > 0 ? { slot: this.#slot, amount: this.#drawn } : null;
    const [first] = this.#over;
    if (!first) return { limit, key, draw, giveBack: null, add: null, drawn };
    const [slot, amount] = first;
    this.#over.delete(slot);
    if (slot === this.#slot) this.#drawn -= amount;
    return { limit, key, draw, giveBack: { slot, amount }, add: null, drawn };
  }

  /** Lets go of all that is held. */
  release(now: EpochMs): void {
    this.#turn(now);
    this.#rate = 0;
    this.#spent = 0;
    this.#letGo();
  }

  /** Lets go of what will not be spent soon, and of all of it when it lies idle. */
  trim(now: EpochMs): void {
    this.#turn(now);
    if (now - this.#spentAt >= IDLE_MS) {
      this.#rate = 0;
      this.#spent = 0;
      this.#letGo();
      return;
    }
    this.#measure(now);
    if (this.#held > 2 * this.#target() + 1) this.#letGo(this.#held - this.#target());
  }

  /**
   * Takes in the answer of a round. Those who waited for it are then served, and {@link served} ends that.
   * @param need what was asked for them
   * @param batch the last one that was on its way when the round was sent
   */
  answered(
    answer: Settled | null,
    need: number,
    round: number,
    batch: number,
    sentAt: EpochMs,
    now: EpochMs,
  ): void {
    this.busy = false;
    if (!answer) return;
    this.saw(answer, batch, sentAt, now);
    this.#held += answer.granted;
    this.#drawn += answer.granted;
    if (this.#askedMax > this.#limit.max) this.#letGo();
    if (this.#drew) this.#full = answer.used >= this.#limit.max || answer.granted < need;
    if (this.#full) this.#pollAt = now + POLL_MS;
    this.#freshRound = round;
  }

  /** The counter was seen in passing. */
  saw(answer: Settled, batch: number, sentAt: EpochMs, now: EpochMs): void {
    this.#time.told(answer.at, sentAt, now);
    if (answer.slot !== this.#slot) this.#enter(answer.slot);
    if (answer.used < this.#used) this.#full = false;
    this.#used = answer.used;
    this.#resetAt = answer.resetAt;
    this.#toldAt = now;
    this.#batch = batch;
  }

  served(): void {
    this.#freshRound = -Infinity;
  }

  /** Whether forgetting it loses nothing. */
  isOver(now: EpochMs): boolean {
    this.#turn(now);
    const known = this.#held > 0 || this.owes || this.#full || now - this.#toldAt <= VIEW_MS;
    return !this.busy && !known;
  }

  #isLow(now: EpochMs): boolean {
    return this.#full ? now >= this.#pollAt : this.#held < this.#target() / 2;
  }

  #letGo(amount = this.#held): void {
    if (amount === 0) return;
    this.#owe(this.#slot, amount);
    this.#held -= amount;
  }

  #owe(slot: SlotEnd, amount: number): void {
    this.#over.set(slot, (this.#over.get(slot) ?? 0) + amount);
  }

  /** Leaves a slot that may be over. */
  #turn(now: EpochMs): void {
    const latest = this.#time.latest(now);
    if (latest >= this.#resetAt) this.#full = false;
    if (latest >= this.#slot && this.#slot > -Infinity) this.#enter(-Infinity);
  }

  #enter(slot: SlotEnd): void {
    if (this.#limit.window.kind === "sliding") this.#letGo();
    else {
      // A fixed window takes its counts along.
      this.#used = 0;
      this.#toldAt = -Infinity;
      this.#full = false;
      this.#over.clear();
    }
    this.#held = 0;
    this.#drawn = 0;
    this.#slot = slot;
  }

  #target(): number {
    return Math.floor((this.#rate * HOLD_MS) / 1000);
  }

  /** The rate is that of the last measurements, the latest half of it. While the limit is full there is none. */
  #measure(now: EpochMs): void {
    const elapsedMs = now - this.#measuredAt;
    if (elapsedMs < MEASURE_MS) return;
    const lately = (this.#spent * 1000) / elapsedMs;
    if (!this.#full) this.#rate = this.#rate === 0 ? lately : (this.#rate + lately) / 2;
    this.#spent = 0;
    this.#measuredAt = now;
  }
}
