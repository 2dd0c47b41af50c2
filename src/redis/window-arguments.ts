import { slidingBucketMs } from "../counters/sliding-ledger.js";
import type { Limit } from "../policy/limit.js";
import {
  type EpochMs,
  formatWindow,
  type Span,
  spanAt,
  type Window,
  windowLengthMs,
} from "../policy/window.js";

/**
 * How a script is told a window: `f` with the start, the end and the end after that of a fixed one, `s` with length and
 * width of a bucket.
 */
export type WindowArguments = readonly [kind: "f" | "s", a: number, b: number, c: number];

interface Known extends Span {
  readonly arguments: WindowArguments;
}

/**
 * The windows of limits as of what is known of Redis's time. A script gets two ends, for the window may end between here
 * and there; it takes the one that its own clock says, or none when its clock is out of both.
 */
export class WindowBook {
  readonly #known = new WeakMap<Window, Known>();
  /** By {@link formatWindow}: at midnight thousands of limits ask for the same two windows. */
  readonly #latest = new Map<string, Known>();

  argumentsOf({ window }: Limit, now: EpochMs): WindowArguments {
    const known = this.#known.get(window);
    if (known && holds(known, now)) return known.arguments;
    const found = this.#find(window, now);
    this.#known.set(window, found);
    return found.arguments;
  }

  #find(window: Window, now: EpochMs): Known {
    const lengthMs = windowLengthMs(window);
    if (window.kind === "sliding" && lengthMs !== null)
      return { start: -Infinity, end: Infinity, arguments: ["s", lengthMs, slidingBucketMs(lengthMs), 0] };
    const text = formatWindow(window);
    const latest = this.#latest.get(text);
    if (latest && holds(latest, now)) return latest;
    const { start, end } = spanAt(window, now);
    const known: Known = { start, end, arguments: ["f", start, end, spanAt(window, end).end] };
    this.#latest.set(text, known);
    return known;
  }
}

function holds({ start, end }: Span, now: EpochMs): boolean {
  return start <= now && now < end;
}
