import { setTimeout as sleep } from "node:timers/promises";

export interface Lanes {
  /** How many are under way at a time. */
  readonly width: number;
  /** Between the beginnings of the first ones, so that they do not go on in step. */
  readonly staggerMs: number;
}

/** Does something so many times, each time as soon as a lane is free, and returns what came of it in order. */
export async function inLanes<T>(
  times: number,
  { width, staggerMs }: Lanes,
  act: (n: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const run = async (lane: number) => {
    if (lane > 0 && staggerMs > 0) await sleep(lane * staggerMs);
    while (next < times) {
      const n = next++;
      results[n] = await act(n);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, times) }, (_, lane) => run(lane)));
  return results;
}
