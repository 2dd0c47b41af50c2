import { randomUUID } from "node:crypto";
import { Cluster, type Redis } from "ioredis";
import { LeasedStore } from "../../../src/counters/leased.js";
import { Outbox } from "../../../src/counters/outbox.js";
import { createScheduler } from "../../../src/counters/scheduler.js";
import { StrictStore } from "../../../src/counters/strict.js";
import { RedisCounters } from "../../../src/redis/counters.js";
import { chargeScript, settleScript } from "../../../src/redis/scripts.js";

/** One node's stores over a Redis, under a prefix of their own if none is given. */
export interface SharedNode {
  readonly strict: StrictStore;
  readonly leased: LeasedStore;
  readonly counters: RedisCounters;
  readonly outbox: Outbox;
  /** What went wrong on the way to Redis. */
  readonly downs: readonly string[];
  stop(): Promise<void>;
}

export interface SharedNodeOptions {
  readonly client: Redis | Cluster;
  readonly prefix?: string;
  readonly time?: TestTime;
  readonly deadlineMs?: number;
  readonly strictUpTo?: number;
}

export async function startSharedNode(options: SharedNodeOptions): Promise<SharedNode> {
  const { client, time, prefix = `test-${randomUUID()}`, deadlineMs = 2000, strictUpTo } = options;
  const now = time?.now ?? Date.now;
  const downs: string[] = [];
  const counters = new RedisCounters({
    client,
    cluster: client instanceof Cluster,
    prefix,
    node: randomUUID(),
    deadlineMs,
    now,
    events: { onDown: (reason) => void downs.push(reason), onUp: () => {} },
    reconnect: () => client.disconnect(true),
    ...(time ? { clock: time.lua } : {}),
  });
  const scheduler = createScheduler(now);
  const outbox = new Outbox(counters, scheduler, 10_000);
  const strict = new StrictStore(counters, outbox);
  const leased = new LeasedStore({
    ...{ shared: counters, strict, outbox, scheduler, deadlineMs, maxLeases: 10_000 },
    ...(strictUpTo === undefined ? {} : { strictUpTo }),
  });
  await counters.start();
  return {
    ...{ strict, leased, counters, outbox, downs },
    async stop() {
      await leased.close();
      await outbox.drain();
      outbox.close();
      await counters.stop();
    },
  };
}

/** Time that a test sets, on the nodes and inside Redis, whose scripts read it from a key. */
export interface TestTime {
  now(): number;
  /** Sets `now` in a script. */
  readonly lua: string;
  set(now: number): Promise<void>;
}

/** A cluster's three masters, which share the slots evenly, hold one of these each. */
const CLOCK_KEYS = ["clock:{a}", "clock:{b}", "clock:{c}"];

export async function startTestTime(client: Redis | Cluster, start: number): Promise<TestTime> {
  let now = start;
  const keys = client instanceof Cluster ? CLOCK_KEYS : CLOCK_KEYS.slice(0, 1);
  const set = async (at: number) => {
    now = at;
    await Promise.all(keys.map((key) => client.set(key, at)));
  };
  const lua = `
local now
for _, key in ipairs({ ${keys.map((key) => `'${key}'`).join(", ")} }) do
  local told = redis.pcall('GET', key)
  if type(told) == 'string' then now = tonumber(told) end
end
`;
  await set(start);
  // A script that a master does not know is sent a second time, and may then run after the time was set anew.
  const masters = client instanceof Cluster ? client.nodes("master") : [client];
  const scripts = [chargeScript(lua), settleScript(lua)];
  await Promise.all(masters.flatMap((master) => scripts.map((script) => master.script("LOAD", script))));
  return { now: () => now, lua, set };
}
