import { type RedisServer, startRedis } from "../../../demo/stack/redis.js";
import { type SentinelSetup, startSentinelSetup } from "../../../test/support/redis/sentinel.js";
import type { StoreEntry } from "../policy.js";

/** Where the counters are kept, as the policy file says it. */
export interface Keeper {
  readonly place: StoreEntry;
  /** The server that counts at the start. */
  readonly server: RedisServer;
  /** Null without sentinels. */
  readonly sentinel: SentinelSetup | null;
  stop(): Promise<void>;
}

export async function startSingle(): Promise<Keeper> {
  const server = await startRedis();
  return { place: { url: server.url }, server, sentinel: null, stop: () => server.stop() };
}

/** A master with one replica, watched by three sentinels. */
export async function startWatched(): Promise<Keeper> {
  const sentinel = await startSentinelSetup();
  const [server] = sentinel.dataServers;
  if (!server) throw new Error("no master");
  const nodes = sentinel.sentinels.map(({ host, port }) => `${host}:${port}`);
  return {
    place: { sentinel: { name: sentinel.name, nodes } },
    server,
    sentinel,
    stop: () => sentinel.stop(),
  };
}
