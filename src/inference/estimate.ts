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

interface Experience {
  readonly input: LearnedRatio;
  readonly output: LearnedRatio;
}

/**
 * What requests come to, compared with what they state, by API and model: prompts by the tokenizer of the model, answers
 * by how much of their cap they need.
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
   * request has set a cap for its output, and that will not be more than stated.
   */
  expected(api: string, model: string | null, stated: TokenEstimate, hardCap: boolean): TokenEstimate {
    const experience = this.#use(keyOf(api, model));
    const output = Math.ceil(stated.output * (experience?.output.expected ?? 1));
    return {
      input: Math.max(1, Math.ceil(stated.input * (experience?.input.expected ?? 1))),
      output: hardCap ? Math.min(stated.output, output) : output,
    };
  }

  /** Takes in what a request came to. */
  learn(api: string, model: string | null, stated: TokenEstimate, actual: TokenEstimate): void {
    const key = keyOf(api, model);
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

function keyOf(api: string, model: string | null): string {
  return JSON.stringify([api, model]);
}
