import { LearnedRatio } from "./learned-ratio.js";
import type { InferenceRequest } from "./request.js";

/** Tokens of one request: what is expected, or what it came to. */
export interface TokenEstimate {
  readonly input: number;
  readonly output: number;
}

/** What a request says it may take, before experience. `assumedOutput`: tokens of an answer that has no cap. */
export function statedEstimate(request: InferenceRequest, assumedOutput: number): TokenEstimate {
  const { promptTokens, maxOutputTokens, choices, generates } = request;
  return { input: promptTokens, output: generates ? (maxOutputTokens ?? assumedOutput) * choices : 0 };
}

/**
 * The least part of a cap that is held back, whatever was learned: a client that asks for short answers under high caps
 * a few times would otherwise get many long ones at once, before the first of them is counted.
 */
export const MIN_CAP_SHARE = 1 / 4;

/** Tokenizers differ from the estimate by less; more is a client that teaches with odd texts. */
const MIN_INPUT_RATIO = 1 / 2;
const MAX_INPUT_RATIO = 4;

interface Experience {
  readonly input: LearnedRatio;
  readonly output: LearnedRatio;
}

/**
 * What requests come to, compared with what they state, by scope and model: prompts by the tokenizer of the model, answers
 * by how much of their cap they need. A scope is whatever learns apart, such as one application at one API, so that none
 * is held to what others do.
 */
export class LearnedEstimates {
  readonly #maxEntries: number;
  /** The least recently used first. Bounded, since clients make up names of models. */
  readonly #experiences = new Map<string, Experience>();

  constructor(maxEntries = 1_000) {
    this.#maxEntries = maxEntries;
  }

  /**
   * What a request is expected to take at most, nearly always; what it states until enough is known. With `hardCap` the
   * request has set a cap for its output, and that will not be more than stated, nor is it expected to be less than
   * {@link MIN_CAP_SHARE} of it.
   */
  expected(scope: string, model: string | null, stated: TokenEstimate, hardCap: boolean): TokenEstimate {
    const experience = this.#use(keyOf(scope, model));
    const inputRatio = clamp(experience?.input.expected ?? 1, MIN_INPUT_RATIO, MAX_INPUT_RATIO);
    const outputRatio = experience?.output.expected ?? 1;
    return {
      input: Math.max(1, Math.ceil(stated.input * inputRatio)),
      output: Math.ceil(stated.output * (hardCap ? clamp(outputRatio, MIN_CAP_SHARE, 1) : outputRatio)),
    };
  }

  /** Takes in what a request came to. */
  learn(scope: string, model: string | null, stated: TokenEstimate, actual: TokenEstimate): void {
    const key = keyOf(scope, model);
    let experience = this.#use(key);
    if (experience === undefined) {
      experience = { input: new LearnedRatio(), output: new LearnedRatio() };
      this.#experiences.set(key, experience);
      const [oldest] = this.#experiences.keys();
      if (this.#experiences.size > this.#maxEntries && oldest !== undefined) this.#experiences.delete(oldest);
    }
    experience.input.learn(stated.input, actual.input);
    experience.output.learn(stated.output, actual.output);
  }

  #use(key: string): Experience | undefined {
    const experience = this.#experiences.get(key);
    if (experience !== undefined) {
      this.#experiences.delete(key);
      this.#experiences.set(key, experience);
    }
    return experience;
  }
}

function keyOf(scope: string, model: string | null): string {
  return JSON.stringify([scope, model]);
}

function clamp(ratio: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, ratio));
}
