import type { Limit } from "../../src/policy/limit.js";
import type { History, InForce } from "./history.js";
import { FAIR, Line } from "./line.js";
import { LoweredLimits } from "./lowering.js";
import { SimulatedNode } from "./node.js";
import { Random } from "./random.js";
import { SimulatedRedis } from "./redis.js";
import type { Fault, Scenario } from "./scenario.js";
import { Traffic } from "./traffic.js";
import { VirtualTime } from "./virtual-time.js";

export type Trace = (text: string) => void;

/** Plays a scenario. `trace` is told what happens, in order. */
export async function play(scenario: Scenario, trace: Trace | null = null): Promise<History> {
  const run = new Run(scenario, trace);
  return run.play();
}

class Run {
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #time = new VirtualTime();
  readonly #redis: SimulatedRedis;
  readonly #lowered: LoweredLimits;
  readonly #history: History;
  readonly #trace: Trace | null;
  readonly #nodes: SimulatedNode[] = [];
  /** Those that are gone. */
  readonly #former: SimulatedNode[] = [];
  /** By node and limit. */
  readonly #inForce = new Map<string, InForce>();
  #started = 0;

  constructor(scenario: Scenario, trace: Trace | null) {
    this.#scenario = scenario;
    this.#random = new Random(scenario.seed ^ 0x5eed);
    this.#redis = new SimulatedRedis(this.#time, scenario.startsAt);
    this.#lowered = new LoweredLimits(this.#redis);
    this.#redis.onCall = () => this.#lowered.look();
    this.#redis.model.onGivenBack = (counter, used) => this.#lowered.givenBack(counter, used);
    this.#trace = trace && ((text) => trace(`${this.#time.now.toFixed(3)} ${text}`));
    this.#history = {
      ...{ scenario, redis: this.#redis, asked: [], added: [], corrected: [], inForce: [], problems: [] },
      ...{ crashed: new Set(), isCertain: true },
    };
  }

  async play(): Promise<History> {
    const { nodes, limits, faults, quietFromMs, endsAtMs } = this.#scenario;
    for (const index of nodes.keys())
      this.#start(
        index,
        limits.map(({ limit }) => limit),
      );
    for (const fault of faults) this.#schedule(fault);
    new Traffic({
      ...{ history: this.#history, time: this.#time, random: this.#random, lowered: this.#lowered },
      ...{ nodes: () => this.#nodes, trace: this.#trace },
    });
    await this.#time.runTo(quietFromMs);
    for (const { line } of [...this.#nodes, ...this.#former]) line.weather = FAIR;
    await this.#time.runTo(endsAtMs);
    const all = [...this.#nodes, ...this.#former];
    for (const { name, line } of this.#former) if (line.failures > 0) this.#history.crashed.add(name);
    this.#history.isCertain =
      all.every(({ line }) => line.failures === 0) &&
      this.#history.asked.every(({ isCounted, askedMs, answeredMs }) => isCounted || answeredMs === askedMs);
    return this.#history;
  }

  #start(index: number, limits: readonly Limit[]): void {
    const { nodes, startsAt, deadlineMs, weather, quietFromMs } = this.#scenario;
    const plan = nodes[index];
    if (!plan) throw new Error(`the scenario has no node ${index}`);
    const name = `n${index}.${++this.#started}`;
    const line = new Line(this.#time, this.#random, this.#time.now < quietFromMs ? weather : FAIR);
    const options = { name, plan, line, startsAt, deadlineMs, limits };
    const shared = { time: this.#time, redis: this.#redis };
    const before = this.#nodes[index];
    if (before) this.#former.push(before);
    this.#nodes[index] = new SimulatedNode({ ...options, ...shared, trace: this.#trace });
    this.#trace?.(`${name} starts: ${JSON.stringify(plan)}`);
    for (const [limit, { max }] of limits.entries()) this.#enforce(index, limit, max);
  }

  /** A number comes into force at a node, in place of another. */
  #enforce(index: number, limit: number, max: number): void {
    const place = `${index} ${limit}`;
    const former = this.#inForce.get(place);
    if (former) former.toMs = this.#time.now;
    const inForce: InForce = { limit, max, fromMs: this.#time.now, toMs: Infinity };
    this.#inForce.set(place, inForce);
    this.#history.inForce.push(inForce);
  }

  #schedule(fault: Fault): void {
    const { quietFromMs } = this.#scenario;
    if (fault.kind === "reload") {
      for (const [index, atMs] of fault.atMs.entries())
        this.#time.at(atMs, () => this.#reload(index, fault.limit, fault.max));
      return;
    }
    this.#time.at(fault.atMs, () => {
      this.#trace?.(`fault ${JSON.stringify(fault)}`);
      if (fault.kind === "step") return this.#redis.step(fault.byMs);
      const node = this.#nodes[fault.node];
      if (!node?.isAccepting) return;
      const forMs = fault.kind === "jump" ? 0 : Math.min(fault.forMs, quietFromMs - this.#time.now);
      switch (fault.kind) {
        case "cut":
          return node.line.cut(forMs);
        case "stall":
          return node.stall(forMs);
        case "jump":
          return node.jump(fault.byMs);
        case "crash":
          this.#history.crashed.add(node.name);
          node.crash();
          break;
        case "stop":
          node.stop();
          break;
        default:
          return fault satisfies never;
      }
      this.#time.after(forMs, () => this.#start(fault.node, node.limits));
    });
  }

  #reload(index: number, limitIndex: number, max: number): void {
    const node = this.#nodes[index];
    const limit = node?.limits[limitIndex];
    if (!node || !limit) return;
    this.#trace?.(`${node.name} reloads: ${limit.id} ${limit.max} -> ${max}`);
    node.limits = node.limits.map((one) => (one === limit ? { ...one, max } : one));
    this.#enforce(index, limitIndex, max);
    this.#lowered.changed(node, limit, this.#keysOf(limitIndex), max, this.#time.now);
  }

  #keysOf(limit: number): readonly string[] {
    const { limits, users } = this.#scenario;
    return limits[limit]?.perUser ? Array.from({ length: users }, (_, user) => `u${user}`) : [""];
  }
}
