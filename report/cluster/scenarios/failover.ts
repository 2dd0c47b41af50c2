import { cp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RedisServer, startRedis } from "../../../demo/stack/redis.js";
import { eventually } from "../../../test/support/weir.js";
import type { Keeper } from "../stack/keeper.js";
import { compareCounters, type LostWrites, readCounters } from "./counters.js";

export interface FailoverReport {
  /** By this machine's clock. */
  readonly killedAtMs: number;
  /** How long the replica had been cut off before. */
  readonly replicaBehindMs: number;
  /** Until the sentinels agreed on another master. */
  readonly failedOverAfterMs: number;
  /** What the dead master had counted and its replica had not; null if that could not be seen in time. */
  readonly lostWrites: LostWrites | null;
}

/**
 * Has the master write down all that it counts before it answers, so that what it took with it can be seen
 * afterwards. A killed process loses nothing that it had written to a file.
 */
export async function prepareAutopsy({ server }: Keeper): Promise<void> {
  await server.command("CONFIG", "SET", "appendfsync", "no");
  await server.command("CONFIG", "SET", "appendonly", "yes");
  await eventually("the master writes its append-only file", async () => {
    const info = String(await server.command("INFO", "persistence"));
    return /aof_enabled:1/.test(info) && /aof_rewrite_(in_progress|scheduled):1/.test(info) === false;
  });
}

export interface FailoverOptions {
  /** Of the counters' keys. */
  readonly prefix: string;
  /** By this machine's clock. */
  readonly atMs: number;
  /** Cuts the replica off so long before. */
  readonly replicaBehindMs: number;
  /** For what the master left. */
  readonly folder: string;
}

/** Kills the master, and waits until the sentinels have made its replica the next one. */
export async function failOver(
  { sentinel, server }: Keeper,
  { prefix, atMs, replicaBehindMs, folder }: FailoverOptions,
): Promise<FailoverReport> {
  const heir = sentinel?.dataServers.find((other) => other !== server);
  if (!sentinel || !heir) throw new Error("there is nothing to fail over to");
  const [, dataFolder = ""] = (await server.command("CONFIG", "GET", "dir")) as string[];
  await sleep(Math.max(0, atMs - replicaBehindMs - Date.now()));
  if (replicaBehindMs > 0) {
    // Asleep, it does not connect again; what the master sends from now on reaches nobody.
    heir.child.kill("SIGSTOP");
    await server.command("CLIENT", "KILL", "TYPE", "replica");
    await sleep(Math.max(0, atMs - Date.now()));
  }
  const killedAtMs = Date.now();
  await sentinel.killMaster().finally(() => heir.child.kill("SIGCONT"));
  const [lostWrites] = await Promise.all([
    compare(dataFolder, heir, prefix, folder),
    sentinel.untilFailedOver(),
  ]);
  return { killedAtMs, replicaBehindMs, failedOverAfterMs: Date.now() - killedAtMs, lostWrites };
}

/** Reads the replica as the master left it, before it is promoted and written to, and the master from its file. */
async function compare(
  dataFolder: string,
  heir: RedisServer,
  prefix: string,
  folder: string,
): Promise<LostWrites | null> {
  const replication = async () => String(await heir.command("INFO", "replication").catch(() => ""));
  const known = async () => {
    await eventually("the replica has lost its master", async () =>
      /master_link_status:down|role:master/.test(await replication()),
    );
    const counters = await readCounters(heir, prefix).catch(() => null);
    return /role:slave/.test(await replication()) ? counters : null;
  };
  const copy = join(folder, "dead-master");
  const written = async () => {
    await cp(dataFolder, copy, { recursive: true });
    const revived = await startRedis({ persistent: true, config: [`dir ${copy}`] });
    try {
      return await readCounters(revived, prefix);
    } finally {
      await revived.stop();
    }
  };
  const [heirCounters, deadCounters] = await Promise.all([known(), written()]);
  return heirCounters && compareCounters(deadCounters, heirCounters);
}
