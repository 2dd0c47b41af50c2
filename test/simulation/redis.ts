import { RedisModel } from "./redis-model.js";
import type { VirtualTime } from "./virtual-time.js";

interface Step {
  readonly atMs: number;
  readonly byMs: number;
}

/** The one Redis of a run: the model, by a clock of its own that may be set. */
export class SimulatedRedis {
  readonly model = new RedisModel();
  /** Called before anything is counted. */
  onCall = () => {};
  readonly #time: VirtualTime;
  readonly #startsAt: number;
  readonly #steps: Step[] = [];

  /** @param startsAt what the clock shows when virtual time begins */
  constructor(time: VirtualTime, startsAt: number) {
    this.#time = time;
    this.#startsAt = startsAt;
  }

  /** Runs a script, by its clock. */
  run<T>(script: (model: RedisModel, now: number) => T): T {
    this.onCall();
    return script(this.model, this.now());
  }

  /** As scripts read it: in whole milliseconds. */
  now(): number {
    return Math.floor(this.clockAt(this.#time.now));
  }

  step(byMs: number): void {
    this.#steps.push({ atMs: this.#time.now, byMs });
  }

  clockAt(timeMs: number): number {
    let clock = this.#startsAt + timeMs;
    for (const { atMs, byMs } of this.#steps) if (atMs <= timeMs) clock += byMs;
    return clock;
  }

  /** The earliest that the clock showed in between: it may have been set back. */
  earliestIn(fromMs: number, toMs: number): number {
    const set = this.#steps.filter(({ atMs }) => fromMs < atMs && atMs <= toMs);
    return Math.min(this.clockAt(fromMs), ...set.map(({ atMs }) => this.clockAt(atMs)));
  }

  /** The furthest that the clock had come: counters stay in a window that they have reached. */
  furthestAt(timeMs: number): number {
    let furthest = this.clockAt(timeMs);
    for (const { atMs, byMs } of this.#steps)
      if (atMs <= timeMs) furthest = Math.max(furthest, this.clockAt(atMs) - byMs);
    return furthest;
  }

  /** How far the clock was set forward in between: so much nodes may be behind until they hear of it. */
  skippedMs(fromMs: number, toMs: number): number {
    let skipped = 0;
    for (const { atMs, byMs } of this.#steps) if (byMs > 0 && fromMs < atMs && atMs <= toMs) skipped += byMs;
    return skipped;
  }

  /** The most by which virtual time and the clock may disagree about how much time has passed. */
  get unsteadyMs(): number {
    return this.#steps.reduce((sum, { byMs }) => sum + Math.abs(byMs), 0);
  }
}
