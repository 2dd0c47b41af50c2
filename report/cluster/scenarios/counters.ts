import type { RedisServer } from "../../../demo/stack/redis.js";

/** What a hash that keeps a counter holds. */
export type Fields = Readonly<Record<string, string>>;

/** All counters in a Redis, by key. */
export async function readCounters(server: RedisServer, prefix: string): Promise<Map<string, Fields>> {
  const keys = (await server.command("KEYS", `${prefix}:*`)) as string[];
  const counters = new Map<string, Fields>();
  await Promise.all(
    keys.map(async (key) => {
      // What is no hash is no counter.
      const flat = (await server.command("HGETALL", key).catch(() => [])) as string[];
      const fields = Object.fromEntries(
        flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? ""]] : [])),
      );
      if (fields["u"]) counters.set(key, fields);
    }),
  );
  return counters;
}

/** What a Redis had counted that its heir does not know. */
export interface LostWrites {
  /** Added up over the counters, less what nodes had given back meanwhile. */
  readonly lostRequests: number;
  readonly countersWithLoss: number;
  readonly countersCompared: number;
}

export function compareCounters(
  dead: ReadonlyMap<string, Fields>,
  heir: ReadonlyMap<string, Fields>,
): LostWrites {
  const losses = [...dead].map(([key, fields]) => lossOf(fields, heir.get(key) ?? {}));
  return {
    lostRequests: losses.reduce((sum, lost) => sum + lost, 0),
    countersWithLoss: losses.filter((lost) => lost > 0).length,
    countersCompared: losses.length,
  };
}

/** A fixed window has its end under `e` and its sum under `u`; a sliding one has the sum of each bucket under its number. */
function lossOf(dead: Fields, heir: Fields): number {
  const missing = (name: string) => Math.max(0, Number(dead[name]) - Number(heir[name] ?? 0));
  if (dead["e"] !== undefined) return heir["e"] === dead["e"] ? missing("u") : Number(dead["u"]);
  return Object.keys(dead)
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, bucket) => sum + missing(bucket), 0);
}
