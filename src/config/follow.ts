import { WeirError } from "../errors.js";
import { parsePolicyInBackground } from "./background.js";
import type { LoadedPolicy } from "./load.js";
import { watchFile } from "./watch.js";

/** What becomes of a policy file that changes. */
export interface PolicyFollower {
  /** One policy after the other. */
  taken(loaded: LoadedPolicy): void | Promise<void>;
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
  const take = async (text: string) => {
    try {
      await follower.taken(await parsePolicyInBackground(text, file));
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      const [reason = "", ...mistakes] = error.message.split("\n");
      follower.refused({ reason, mistakes: mistakes.slice(0, MISTAKES_TOLD) });
    }
  };
  const onChange = (text: string) => {
    turn = turn.then(() => take(text));
  };
  return watchFile(file, seen, onChange, WATCH);
}
