import type { Outcome } from "../../src/counters/store.js";
import { type Charge, hasRoom, isTokenLimit } from "../../src/policy/limit.js";
import { counterName } from "./counters.js";
import type { Asked, Charged, History } from "./history.js";
import type { LoweredLimits } from "./lowering.js";
import type { SimulatedNode } from "./node.js";
import type { Random } from "./random.js";
import { QUIET, type VirtualTime } from "./virtual-time.js";

export interface TrafficOptions {
  readonly history: History;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly nodes: () => readonly SimulatedNode[];
  readonly lowered: LoweredLimits;
  readonly trace: ((text: string) => void) | null;
}

/** A response is there after so long, and tells what it cost. */
const RESPONSE_MS = 150;
/** One that takes longer, perhaps into the next window. */
const LONG_RESPONSE_MS = 3_000;
const MOST_TOKENS = 60;

/** Those who ask, and what they are told. */
export class Traffic {
  readonly #options: TrafficOptions;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#schedule(0);
  }

  #schedule(index: number): void {
    const at = this.#options.history.scenario.arrivals[index];
    if (at !== undefined) this.#options.time.at(at, () => this.#arrive(index));
  }

  /** Those of one moment come in one turn of the event loop. */
  #arrive(first: number): unknown {
    const { history, time } = this.#options;
    let index = first;
    let isQuiet = true;
    for (; (history.scenario.arrivals[index] ?? Infinity) <= time.now; index++)
      if (this.#ask() !== QUIET) isQuiet = false;
    this.#schedule(index);
    return isQuiet ? QUIET : undefined;
  }

  #ask(): unknown {
    const { history, time, random, nodes } = this.#options;
    const { apis, users, amounts } = history.scenario;
    const accepting = nodes().filter(({ isAccepting }) => isAccepting);
    if (accepting.length === 0) return QUIET;
    const node = random.pick(accepting);
    const user = `u${random.whole(0, users - 1)}`;
    const api = random.pick(apis);
    const amount = random.pick(amounts);
    const asked: Asked = {
      ...{ node: node.name, askedMs: time.now, answeredMs: null, stalledMs: 0 },
      ...{ admitted: false, isCounted: false, charged: [] },
    };
    history.asked.push(asked);
    node.busy++;
    return node.deliver(() => {
      const charges = api.map((limit) => this.#charge(node, limit, user, amount));
      const outcome = node.charge(charges, node.now());
      const answer = (known: Outcome) => this.#answer(node, asked, api, charges, known);
      if (outcome instanceof Promise) return outcome.then(answer);
      answer(outcome);
      return QUIET;
    });
  }

  #charge(node: SimulatedNode, index: number, user: string, amount: number): Charge {
    const limit = node.limits[index];
    if (!limit) throw new Error(`the scenario has no limit ${index}`);
    const { perUser, holds } = this.#options.history.scenario.limits[index] ?? {};
    const held = holds ? this.#options.random.whole(0, MOST_TOKENS) : 0;
    return { limit, key: perUser ? user : "", amount: limit.unit === "requests" ? amount : held };
  }

  #answer(
    node: SimulatedNode,
    asked: Asked,
    api: readonly number[],
    charges: readonly Charge[],
    outcome: Outcome,
  ): void {
    const { history, time, lowered, trace } = this.#options;
    if (!node.isAlive) return;
    node.busy--;
    asked.answeredMs = time.now;
    asked.stalledMs = node.stalledMs(asked.askedMs, time.now);
    asked.admitted = outcome.admitted;
    asked.isCounted = outcome.kind === "counted";
    const standings = outcome.kind === "counted" ? outcome.standings : [];
    asked.charged = charges.map((charge, i) => {
      const { used = 0, resetAt = node.now(), slot = 0 } = standings[i] ?? {};
      return {
        limit: api[i] ?? 0,
        counter: counterName(charge.limit.id, charge.key),
        amount: charge.amount,
        hadRoom: hasRoom(charge, used),
        resetsInMs: resetAt - node.now(),
        slot,
      };
    });
    if (trace) {
      const told = charges.map(
        ({ limit, key }, i) => `${limit.id}/${key} ${standings[i]?.used} of ${limit.max}`,
      );
      const verdict = asked.admitted ? "admits" : "denies";
      trace(`${node.name} ${verdict} what came at ${asked.askedMs}: ${told.join(", ")}`);
    }
    if (!asked.admitted) return;
    history.problems.push(...lowered.problems(asked));
    this.#respond(node, api, charges);
    if (asked.isCounted) this.#correct(node, charges, asked.charged);
  }

  #respond(node: SimulatedNode, api: readonly number[], charges: readonly Charge[]): void {
    const { history, time, random, trace } = this.#options;
    const { limits } = history.scenario;
    const tokens = charges.filter(({ limit }, i) => isTokenLimit(limit) && !limits[api[i] ?? 0]?.holds);
    if (tokens.length === 0) return;
    const amount = random.whole(0, MOST_TOKENS);
    const used = tokens.map((charge) => ({ ...charge, amount }));
    const add = () => {
      node.busy--;
      for (const charge of used) {
        const limit = api[charges.findIndex(({ limit }) => limit === charge.limit)] ?? 0;
        const counter = counterName(charge.limit.id, charge.key);
        history.added.push({ limit, counter, amount, atMs: time.now, node: node.name });
        trace?.(`${node.name} adds ${amount} to ${counter}`);
      }
      node.add(used, node.now());
    };
    node.busy++;
    time.after(random.between(0, RESPONSE_MS), () => node.deliver(add));
  }
  /** What was held is corrected to what was used, by its own node or another: it may be gone, and the window over. */
  #correct(node: SimulatedNode, charges: readonly Charge[], charged: readonly Charged[]): void {
    const { history, time, random, nodes, trace } = this.#options;
    const { limits, quietFromMs } = history.scenario;
    const held = charges.flatMap((charge, i) => {
      const of = charged[i];
      return of?.hadRoom && limits[of.limit]?.holds ? [{ charge, of }] : [];
    });
    if (held.length === 0) return;
    const used = random.whole(0, MOST_TOKENS);
    const takesMs = random.between(0, random.chance(0.3) ? LONG_RESPONSE_MS : RESPONSE_MS);
    time.at(Math.min(time.now + takesMs, quietFromMs + RESPONSE_MS), () => {
      const accepting = nodes().filter(({ isAccepting }) => isAccepting);
      const corrector = node.isAccepting && random.chance(0.5) ? node : random.pick([...accepting, node]);
      if (!corrector.isAccepting) return QUIET;
      corrector.busy++;
      return corrector.deliver(() => {
        corrector.busy--;
        for (const { charge, of } of held) {
          const by = used - charge.amount;
          history.corrected.push({ of, by, atMs: time.now, node: corrector.name });
          trace?.(`${corrector.name} corrects ${of.counter} by ${by} in ${of.slot}`);
        }
        const adjustments = held.map(({ charge: { limit, key, amount }, of: { slot } }) => {
          return { limit, key, slot, charged: amount, by: used - amount };
        });
        corrector.adjust(adjustments, corrector.now());
      });
    });
  }
}
