/** No ratio is taken for less or more: one odd request should not rule the estimates of the next ones. */
const MIN_RATIO = 0.01;
const MAX_RATIO = 20;

/** How much one sample moves the mean and the mean deviation (RFC 6298, section 2: alpha and beta). */
const MEAN_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;

/** Deviations above the mean that are expected. About nine of ten requests stay below, for the long tail of answers. */
const DEVIATIONS = 2;

/** Before so many samples the ratio is not known. */
const MIN_SAMPLES = 5;

/**
 * How a figure relates to what it is estimated from, learned as TCP learns the round trip time it has to allow for
 * (Jacobson, "Congestion Avoidance and Control", 1988; RFC 6298): a moving mean and mean deviation, two numbers.
 */
export class LearnedRatio {
  #samples = 0;
  #mean = 1;
  #deviation = 0;

  /** The ratio that few requests exceed, null where too little is known. */
  get expected(): number | null {
    return this.#samples < MIN_SAMPLES ? null : clamp(this.#mean + DEVIATIONS * this.#deviation);
  }

  /** One outcome, of what was estimated at `stated`. */
  learn(stated: number, actual: number): void {
    if (!(stated > 0 && actual >= 0)) return;
    const ratio = clamp(actual / stated);
    this.#samples += 1;
    if (this.#samples === 1) {
      this.#mean = ratio;
      this.#deviation = ratio / 2;
      return;
    }
    this.#deviation += DEVIATION_GAIN * (Math.abs(ratio - this.#mean) - this.#deviation);
    this.#mean += MEAN_GAIN * (ratio - this.#mean);
  }
}

function clamp(ratio: number): number {
  return Math.min(MAX_RATIO, Math.max(MIN_RATIO, ratio));
}
