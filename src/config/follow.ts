import { WeirError } from "../errors.js";
import { parsePolicyInBackground } from "./background.js";
import type { LoadedPolicy } from "./load.js";
import { watchFile } from "./watch.js";

/** What becomes of a policy file that changes. */
export interface PolicyFollower {
  /**
   * One policy after the other.
   *
   * @param signal aborted when the file has changed again: what need not be finished can be left
   */
  taken(loaded: LoadedPolicy, signal: AbortSignal): void | Promise<void>;
  /** The file is bad, or `taken` threw a WeirError. */
  refused(reason: Refusal): void;
}

export interface Refusal {
  readonly reason: string;
  /** The first of them; `weir validate` lists them all. */
  readonly mistakes: readonly string[];
}

const MISTAKES_TOLD = 20;
const WATCH = { pollMs: 2_000, settleMs: 100 };

/**
 * Tells of every change of a policy file from `seen` on.
 *
 * @returns stops that
 */
export function followPolicy(file: string, seen: string, follower: PolicyFollower): () => void {
  let turn = Promise.resolve();
  let newer = new AbortController();
  const take = async (text: string, signal: AbortSignal) => {
    try {
      await follower.taken(await parsePolicyInBackground(text, file), signal);
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      const [reason = "", ...mistakes] = error.message.split("\n");
      follower.refused({ reason, mistakes: mistakes.slice(0, MISTAKES_TOLD) });
    }
  };
  const onChange = (text: string) => {
    newer.abort();
    newer = new AbortController();
    const { signal } = newer;
    turn = turn.then(() => take(text, signal));
  };
  return watchFile(file, seen, onChange, WATCH);
}
