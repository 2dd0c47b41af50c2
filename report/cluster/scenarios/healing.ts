import { setTimeout as sleep } from "node:timers/promises";
import type { RedisServer } from "../../../demo/stack/redis.js";

/** How long after Redis was back. */
export interface Healing {
  /** Until the counter in Redis grew; null if it did not. */
  readonly countedAgainAfterMs: number | null;
  /** Until the last decision that was made without Redis; 0 if there was none. */
  readonly lastFallbackAfterMs: number;
}

export interface HealingOptions {
  readonly redis: RedisServer;
  /** A counter that every request is charged to. */
  readonly key: string;
  /** Decisions made without Redis so far. */
  readonly fallbacks: () => Promise<number>;
  readonly lengthMs: number;
  /** Ends the fault, and tells when. */
  readonly end: () => Promise<number>;
}

const LOOK_MS = 20;

/** Ends the fault and looks on while decisions are asked for. */
export async function watchHealing(options: HealingOptions): Promise<Healing> {
  const { redis, key, fallbacks, lengthMs, end } = options;
  const look = async (): Promise<Count> => {
    const [window, used] = (await redis.command("HMGET", key, "e", "u").catch(() => [])) as (string | null)[];
    return { window: Number(window), used: Number(used) };
  };
  let last = await look();
  let known = await fallbacks();
  const backMs = await end();
  let countedAgainAfterMs: number | null = null;
  let lastFallbackAfterMs = 0;
  while (Date.now() - backMs < lengthMs) {
    const lookedAtMs = Date.now();
    if (countedAgainAfterMs === null) {
      const count = await look();
      // Nodes also give back: it need not be more than at the start.
      if (isMore(count, last)) countedAgainAfterMs = Date.now() - backMs;
      last = count;
    }
    const now = await fallbacks();
    if (now > known) lastFallbackAfterMs = Math.max(0, lookedAtMs - backMs);
    known = now;
    await sleep(LOOK_MS);
  }
  return { countedAgainAfterMs, lastFallbackAfterMs };
}

interface Count {
  /** Its end, or 0 where there is none. */
  readonly window: number;
  readonly used: number;
}

function isMore(now: Count, before: Count): boolean {
  return now.used > (now.window === before.window ? before.used : 0);
}
