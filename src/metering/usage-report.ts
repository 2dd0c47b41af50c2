import type { TokenCounts, Usage } from "./usage.js";
import { WrittenText } from "./written-text.js";

/** A longer model name is taken for none: names become labels and keys further on. */
const MAX_MODEL_LENGTH = 256;

/** What a response has said so far of what it used. */
export class UsageReport {
  /** The text of it, to go by where it does not say. */
  readonly written = new WrittenText();
  #counts: TokenCounts | null = null;
  #model: string | null = null;
  #writtenUntilCounted = 0;
  #isFinal = false;
  #isFinished = false;
  #hasFailed = false;
  #isCut = false;

  /** What was written after the last snapshot, which knows of the rest. */
  get writtenSince(): number {
    return Math.max(0, this.written.tokens - this.#writtenUntilCounted);
  }

  get hasModel(): boolean {
    return this.#model !== null;
  }

  /** Whether the response said that something went wrong. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /**
   * Takes a snapshot of the whole response so far. It is never an increment, so the last one wins; but one of nothing,
   * with which some backends fill their last events, does not undo another.
   * @param isFinal whether no later one is to be expected
   */
  count(counts: TokenCounts, isFinal: boolean): void {
    if (this.#counts === null || counts.total > 0) {
      this.#counts = counts;
      this.#writtenUntilCounted = this.written.tokens;
    }
    this.#isFinal = isFinal;
  }

  /** Takes the first name: Azure's first event carries an empty one, which is as good as none. */
  name(model: unknown): void {
    if (this.#model !== null || typeof model !== "string") return;
    if (model !== "" && model.length <= MAX_MODEL_LENGTH) this.#model = model;
  }

  /** The response says that it is over. */
  finish(): void {
    this.#isFinished = true;
  }

  /** The response says that something went wrong. */
  fail(): void {
    this.#hasFailed = true;
  }

  /** The body stops within a document: what that says about being the last does not count. */
  cut(): void {
    this.#isCut = true;
  }

  /**
   * What was used, null if nothing said so.
   * @param endedCleanly whether the body came to its end, and stopped where a document did
   */
  usage(endedCleanly: boolean): Usage | null {
    if (this.#counts === null) return null;
    const hasEnded = this.#isFinished || (this.#isFinal && endedCleanly);
    return { ...this.#counts, model: this.#model, complete: hasEnded && !this.#hasFailed && !this.#isCut };
  }
}
