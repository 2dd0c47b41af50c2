import { mkdtemp, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type RedisServer, startRedis } from "../../../demo/stack/redis.js";
import { type FaultProxy, startFaultProxy } from "../../../test/support/redis/fault-proxy.js";
import type { Spread } from "../analysis/spread.js";
import { fourLimitsPolicy } from "../four-limits.js";
import { CheckClient } from "../load/checks.js";
import type { Plan } from "../plan.js";
import { type LogLine, startNode } from "../stack/node.js";
import { Parts } from "../stack/parts.js";
import { readCounters } from "./counters.js";
import { type Healing, watchHealing } from "./healing.js";

export const faultNames = ["delayed", "blackHoled", "killed"] as const;
export type FaultName = (typeof faultNames)[number];

/** One node, one client, and a Redis that is late, silent or dead; onError: local. */
export interface FaultsReport {
  readonly deadlineMs: number;
  readonly redisDelayMs: number;
  readonly faultSeconds: number;
  readonly targetDecisionsPerSecond: number;
  readonly strict: Readonly<Record<FaultName, FaultResult>>;
  readonly leased: Readonly<Record<FaultName, FaultResult>>;
}

export interface FaultResult {
  /** Of a decision, before. */
  readonly calm: Spread;
  /** Of those asked for while Redis was away. */
  readonly whileAway: Spread;
  readonly whileAwayDecisions: number;
  readonly deniedRequests: number;
  readonly failedRequests: number;
  /** Decided without Redis while it was away. */
  readonly fallbackDecisions: number;
  /** From Redis's return. */
  readonly healing: Healing;
  /** Since the fault began, for one outage. */
  readonly outOfReachLogLines: number;
  readonly backLogLines: number;
  readonly otherProblemLogLines: number;
  /** Outages that the node saw before, when there was none. */
  readonly falseOutages: number;
}

const DEADLINE_MS = 25;
const REDIS_DELAY_MS = 50;
const DECISIONS_PER_SECOND = 200;
/** Faster, so that the engine compiles what is hot before times are taken. */
const WARM_UP_PER_SECOND = 1_000;
const PREFIX = "report";

export async function measureFaults(
  plan: Plan["faults"],
  folder: string,
  say: (line: string) => void,
): Promise<FaultsReport> {
  const all = async (mode: "strict" | "leased") => {
    const results: Partial<Record<FaultName, FaultResult>> = {};
    for (const name of faultNames) {
      say(`${mode}: ${name}`);
      results[name] = await measureFault(mode, name, plan, folder);
    }
    return results as Record<FaultName, FaultResult>;
  };
  return {
    deadlineMs: DEADLINE_MS,
    redisDelayMs: REDIS_DELAY_MS,
    faultSeconds: plan.faultMs / 1000,
    targetDecisionsPerSecond: DECISIONS_PER_SECOND,
    strict: await all("strict"),
    leased: await all("leased"),
  };
}

async function measureFault(
  mode: "strict" | "leased",
  name: FaultName,
  { warmUpMs, calmMs, faultMs, healMs }: Plan["faults"],
  parentFolder: string,
): Promise<FaultResult> {
  const folder = await mkdtemp(join(parentFolder, `${mode}-${name}-`));
  const parts = new Parts();
  try {
    const redis = await parts.start(startRedis());
    const proxy = await parts.start(startFaultProxy(redis.port));
    const policyFile = join(folder, "policy.yaml");
    const store = { kind: "redis", url: proxy.url, mode, onError: "local", deadlineMs: DEADLINE_MS };
    await writeFile(policyFile, fourLimitsPolicy({ ...store, prefix: PREFIX }));
    const node = await parts.start(startNode({ policyFile, folder }));
    const client = await CheckClient.open([node.port]);
    try {
      await client.run(WARM_UP_PER_SECOND, warmUpMs);
      const calm = await client.run(DECISIONS_PER_SECOND, calmMs);
      const fallbacks = () => node.metric("weir_fallback_decisions_total");
      const key = await busiestCounter(redis);
      const before = await fallbacks();
      const beganMs = Date.now();
      const end = await begin(name, redis, proxy);
      const away = await client.run(DECISIONS_PER_SECOND, faultMs);
      const after = await fallbacks();
      const [, healing] = await Promise.all([
        client.run(DECISIONS_PER_SECOND, healMs),
        watchHealing({ redis, key, fallbacks, lengthMs: healMs, end }),
      ]);
      return {
        calm: calm.roundTrip,
        whileAway: away.roundTrip,
        whileAwayDecisions: away.allowedRequests + away.deniedRequests,
        deniedRequests: away.deniedRequests,
        failedRequests: away.failedRequests,
        fallbackDecisions: after - before,
        healing,
        ...countLines(await node.log(), beganMs),
      };
    } finally {
      client.close();
    }
  } finally {
    await parts.stop();
  }
}

/** One that every request is charged to. */
async function busiestCounter(redis: RedisServer): Promise<string> {
  const counters = [...(await readCounters(redis, PREFIX))];
  const [first] = counters.toSorted(([, a], [, b]) => Number(b["u"]) - Number(a["u"]));
  if (!first) throw new Error("nothing was counted in Redis");
  return first[0];
}

function countLines(lines: readonly LogLine[], beganMs: number) {
  const isOutOfReach = ({ msg }: LogLine) => msg.includes("out of reach");
  const since = lines.filter(({ time }) => time >= beganMs);
  const problems = since.filter(({ level }) => level !== "info");
  const outOfReachLogLines = problems.filter(isOutOfReach).length;
  return {
    outOfReachLogLines,
    backLogLines: since.filter(({ msg }) => msg === "Redis is back").length,
    otherProblemLogLines: problems.length - outOfReachLogLines,
    falseOutages: lines.filter((line) => isOutOfReach(line) && line.time < beganMs).length,
  };
}

/** Lets the fault begin. What it returns ends it, and resolves with the time of the day at which Redis was back. */
async function begin(name: FaultName, redis: RedisServer, proxy: FaultProxy): Promise<() => Promise<number>> {
  const passAgain = async () => {
    await proxy.pass();
    return Date.now();
  };
  switch (name) {
    case "delayed":
      await proxy.delay(REDIS_DELAY_MS);
      return passAgain;
    case "blackHoled":
      await proxy.blackHole();
      return passAgain;
    case "killed":
      await redis.kill();
      return async () => {
        const [backMs] = await Promise.all([untilListening(redis.port), redis.restart()]);
        return backMs;
      };
    default:
      return name satisfies never;
  }
}

const RETRY_MS = 2;

async function untilListening(port: number): Promise<number> {
  for (;;) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (connected) return Date.now();
    await sleep(RETRY_MS);
  }
}
