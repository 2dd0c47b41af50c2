import { mock } from "node:test";
import { Lease } from "../../src/counters/lease.js";
import { Outbox } from "../../src/counters/outbox.js";
import { SharedClock } from "../../src/counters/shared-clock.js";
import type { Settled, Settlement } from "../../src/counters/shared-counters.js";
import { slotAt } from "../../src/counters/slot.js";
import { WindowBook } from "../../src/redis/window-arguments.js";
import { SimulatedCounters } from "./counters.js";
import { SimulatedNode } from "./node.js";
import { FixedCounter } from "./redis-counter.js";
import { RedisModel } from "./redis-model.js";
import type { Scenario } from "./scenario.js";

/** Something done wrong on purpose, and what the checker is to say of it. */
export interface Mutant {
  readonly name: string;
  readonly says: RegExp;
  /** Has classes behave otherwise until all mocks are restored. */
  readonly mutate?: () => void;
  /** Or has the nodes go by another scenario than the checker. */
  readonly alter?: (scenario: Scenario) => Scenario;
}

const OVERFULL = /admitted of/;
const TOO_MUCH = /though no more than/;
const OVERDRAWN = /lets in what came at/;
const TOO_LITTLE = /stands at \d+ though \d+ were/;

export const mutants: readonly Mutant[] = [
  {
    name: "a slice is spent after the end of its slot",
    says: OVERFULL,
    mutate() {
      const latest = SharedClock.prototype.latest;
      mock.method(SharedClock.prototype, "latest", function (this: SharedClock, now: number) {
        return latest.call(this, now) - 400;
      });
    },
  },
  {
    name: "what is given back is given back twice",
    says: OVERFULL,
    mutate: () =>
      changeSettlements(({ giveBack, ...rest }) => {
        const twice = giveBack && { ...giveBack, amount: 2 * giveBack.amount };
        return { ...rest, giveBack: twice };
      }),
  },
  {
    name: "what is given back is not told",
    says: TOO_MUCH,
    mutate: () => changeSettlements((settlement) => ({ ...settlement, giveBack: null })),
  },
  {
    name: "a draw whose reply is lost counts as granted",
    says: OVERFULL,
    mutate: () =>
      changeAnswers(({ draw }, answer, last) =>
        !answer && draw && last ? { ...last, granted: draw.want } : answer,
      ),
  },
  {
    name: "one of each slice is not counted",
    says: OVERFULL,
    mutate() {
      mock.method(FixedCounter.prototype, "draw", function (this: FixedCounter, _: string, amount: number) {
        if (amount > 1) this.count(amount - 1);
      });
    },
  },
  {
    name: "a sliding window is shorter than it should be",
    says: OVERFULL,
    mutate() {
      const argumentsOf = WindowBook.prototype.argumentsOf;
      type Asked = Parameters<typeof argumentsOf>;
      mock.method(WindowBook.prototype, "argumentsOf", function (this: WindowBook, ...asked: Asked) {
        const [kind, a, b, c] = argumentsOf.apply(this, asked);
        return kind === "s" ? [kind, a / 2, b, c] : [kind, a, b, c];
      });
    },
  },
  {
    name: "what cannot be counted is admitted",
    says: OVERFULL,
    mutate() {
      const charge = SimulatedNode.prototype.charge;
      type Asked = Parameters<typeof charge>;
      mock.method(SimulatedNode.prototype, "charge", async function (this: SimulatedNode, ...asked: Asked) {
        const outcome = await charge.apply(this, asked);
        return outcome.kind === "counted" ? outcome : { ...outcome, admitted: true };
      });
    },
  },
  {
    name: "a request is charged to those of its limits that have room, though another denies it",
    says: TOO_MUCH,
    mutate() {
      const charge = RedisModel.prototype.charge;
      type Asked = Parameters<typeof charge>;
      mock.method(RedisModel.prototype, "charge", function (this: RedisModel, ...[calls, now]: Asked) {
        const each = calls.map((call) => charge.call(this, [call], now));
        const told = each.every((one) => one.told) ? each.flatMap((one) => one.told ?? []) : null;
        return { at: now, admitted: each.every(({ admitted }) => admitted), told };
      });
    },
  },
  {
    name: "a slice that a denied request had taken is lost",
    says: TOO_MUCH,
    mutate: () => void mock.method(Lease.prototype, "unspend", () => {}),
  },
  {
    name: "a lowered number leaves what was drawn before",
    says: /full since/,
    mutate() {
      const adopt = Lease.prototype.adopt;
      mock.method(Lease.prototype, "adopt", function (this: Lease, limit: Lease["limit"]) {
        adopt.call(this, { ...limit, max: Math.max(limit.max, this.limit.max) });
      });
    },
  },
  {
    name: "what was used is sent again under another number",
    says: TOO_MUCH,
    mutate() {
      let batch = 0;
      changeAsked((settlement) => ({
        ...settlement,
        add: settlement.add && { ...settlement.add, batch: ++batch },
      }));
    },
  },
  {
    name: "what was used is not sent again",
    says: TOO_LITTLE,
    mutate: () =>
      changeAnswers(({ add }, answer, last) => (!answer && add && last ? { ...last, granted: 0 } : answer)),
  },
  {
    name: "a correction is counted in whatever is counted in when it comes",
    says: TOO_MUCH,
    mutate: () =>
      changeAsked((settlement) => ({
        ...settlement,
        add: settlement.add && { ...settlement.add, slot: null },
      })),
  },
  {
    name: "a lease tells another slot than the one that it spends",
    says: TOO_MUCH,
    mutate() {
      const standing = Lease.prototype.standing;
      mock.method(Lease.prototype, "standing", function (this: Lease, ...asked: Parameters<typeof standing>) {
        const told = standing.apply(this, asked);
        return { ...told, slot: slotAt(told.charge.limit.window, told.slot) };
      });
    },
  },
  {
    name: "more is given back than was held",
    says: OVERDRAWN,
    mutate: () =>
      changeAsked(({ add, ...rest }) => {
        const tooMuch = add && add.amount < 0 ? { ...add, amount: 2 * add.amount } : add;
        return { ...rest, add: tooMuch };
      }),
  },
  {
    name: "a node spends what it has drawn though it knows that more was used",
    says: OVERDRAWN,
    mutate() {
      const room = Lease.prototype.room;
      mock.method(
        Lease.prototype,
        "room",
        function (this: Lease, ...[charge, _, ...rest]: Parameters<typeof room>) {
          return charge.amount > 0 && this.held >= charge.amount
            ? "yes"
            : room.call(this, charge, _, ...rest);
        },
      );
    },
  },
  {
    name: "what is given back makes room before it is counted",
    says: OVERDRAWN,
    mutate() {
      const given = new WeakMap<Outbox, number>();
      const { adjust, pending } = Outbox.prototype;
      mock.method(Outbox.prototype, "adjust", function (this: Outbox, ...asked: Parameters<typeof adjust>) {
        for (const { by } of asked[0]) if (by < 0) given.set(this, (given.get(this) ?? 0) - by);
        adjust.apply(this, asked);
      });
      mock.method(Outbox.prototype, "pending", function (this: Outbox, ...asked: Parameters<typeof pending>) {
        if (this.size === 0) given.delete(this);
        return pending.apply(this, asked) - (given.get(this) ?? 0);
      });
    },
  },
  {
    name: "requests wait for longer than the deadline",
    says: /waited for/,
    alter: (scenario) => ({ ...scenario, deadlineMs: 3 * scenario.deadlineMs }),
  },
  {
    name: "slices are drawn from a part of the limit only",
    says: /admits only/,
    mutate: () =>
      changeSettlements(({ limit, ...rest }) => ({
        ...rest,
        limit: { ...limit, max: Math.ceil(0.97 * limit.max) },
      })),
  },
];

/** Has leases ask for something else. */
function changeSettlements(change: (settlement: Settlement) => Settlement): void {
  const settle = Lease.prototype.settle;
  mock.method(Lease.prototype, "settle", function (this: Lease, ...asked: Parameters<typeof settle>) {
    return change(settle.apply(this, asked));
  });
}

/** Changes what goes out of a node. */
function changeAsked(change: (settlement: Settlement) => Settlement): void {
  const settle = SimulatedCounters.prototype.settle;
  mock.method(
    SimulatedCounters.prototype,
    "settle",
    function (this: SimulatedCounters, settlements: readonly Settlement[]) {
      return settle.call(this, settlements.map(change));
    },
  );
}

/** Changes what comes to a node, which may go by the last answer of the counter. */
function changeAnswers(
  change: (settlement: Settlement, answer: Settled | null, last: Settled | undefined) => Settled | null,
): void {
  const settle = SimulatedCounters.prototype.settle;
  const answers = new WeakMap<SimulatedCounters, Map<string, Settled>>();
  mock.method(
    SimulatedCounters.prototype,
    "settle",
    async function (this: SimulatedCounters, settlements: readonly Settlement[]) {
      const last = answers.get(this) ?? new Map<string, Settled>();
      answers.set(this, last);
      const settled = await settle.call(this, settlements);
      return settlements.map((settlement, i) => {
        const name = `${settlement.limit.id}/${settlement.key}`;
        const answer = settled[i] ?? null;
        if (answer) last.set(name, answer);
        return change(settlement, answer, last.get(name));
      });
    },
  );
}
