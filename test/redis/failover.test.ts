import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RedisServer } from "../../demo/stack/redis.js";
import type { CounterStore } from "../../src/counters/store.js";
import { type OpenStore, openStore } from "../../src/open-store.js";
import type { RedisSettings, Topology } from "../../src/redis/settings.js";
import { createLogger } from "../../src/telemetry/logger.js";
import { chargeOf, limitOf } from "../support/limits.js";
import { startClusterSetup } from "../support/redis/cluster.js";
import { startSentinelSetup } from "../support/redis/sentinel.js";
import { eventually } from "../support/weir.js";

const MAX = 3000;
/** In a window that does not end under the test. */
const limit = limitOf({ max: MAX, per: "year" });
const small = limitOf({ max: 50, per: "year", scope: "small" });

function openNode(topology: Topology, mode: RedisSettings["mode"]): Promise<OpenStore> {
  return openStore({
    redis: {
      ...{ topology, mode, credentials: { kind: "none" }, tls: null, prefix: "weir" },
      // Nothing passes uncounted.
      ...{ onError: "deny", deadlineMs: 200 },
    },
    ...{ maxCounters: 10_000, env: {}, now: Date.now, log: createLogger("silent") },
  });
}

let users = 0;

/** Sends until `count` were admitted, or `attempts` made, a little at a time; returns how many were admitted. */
async function send(store: CounterStore, count: number, attempts = count): Promise<number> {
  let admitted = 0;
  for (let sent = 0; sent < attempts && admitted < count; ) {
    const batch = Math.min(20, attempts - sent, count - admitted);
    sent += batch;
    const charges = [chargeOf(limit), chargeOf(small, 1, `user${users++}`)];
    const outcomes = await Promise.all(
      Array.from({ length: batch }, () => store.charge(charges, Date.now())),
    );
    admitted += outcomes.filter((outcome) => outcome.admitted).length;
    await sleep(1);
  }
  return admitted;
}

/** Two nodes count, Redis fails over with all that was counted, and they count on up to the number and no further. */
async function countsThrough(topology: Topology, mode: RedisSettings["mode"], failOver: () => Promise<void>) {
  const nodes = await Promise.all([openNode(topology, mode), openNode(topology, mode)]);
  const isUp = () => nodes.every(({ statistics }) => statistics.shared?.reachable());
  try {
    await eventually("both nodes are connected", isUp);
    const before = await Promise.all(nodes.map(({ store }) => send(store, 500)));
    await failOver();
    await eventually("both nodes count again", isUp, 20_000);
    let admitted = before.reduce((sum, one) => sum + one, 0);
    assert.equal(admitted, 1000);
    // Signs of life come from one part of a cluster; the others may take a little longer.
    await eventually(
      "nothing is left",
      async () => {
        const more = await Promise.all(nodes.map(({ store }) => send(store, MAX, 400)));
        admitted += more.reduce((sum, one) => sum + one, 0);
        return admitted > 0.9 * MAX && more.every((one) => one === 0);
      },
      20_000,
    );
    // What was granted in an answer that the failover cut off is missing.
    assert.ok(admitted <= MAX, `${admitted} of ${MAX}`);
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}

/** Waits until a replica has all that its master has: a failover otherwise loses what Redis had just acknowledged. */
async function replicated(master: RedisServer | undefined): Promise<void> {
  await eventually("the replica has everything", async () => {
    const info = String(await master?.command("INFO", "replication"));
    const [, offset = "none"] = /^master_repl_offset:(\d+)/m.exec(info) ?? [];
    return new RegExp(`^slave0:.*state=online,offset=${offset},`, "m").test(info);
  });
}

for (const mode of ["leased", "strict"] as const) {
  describe(`${mode} counters through a failover`, () => {
    test("of a Redis that sentinels watch", async () => {
      const setup = await startSentinelSetup();
      try {
        const topology: Topology = {
          ...{ kind: "sentinel", name: setup.name, nodes: setup.sentinels, db: 0 },
          credentials: { kind: "none" },
        };
        await countsThrough(topology, mode, async () => {
          const { port } = await setup.master();
          await replicated(setup.dataServers.find((server) => server.port === port));
          await setup.killMaster();
          await setup.untilFailedOver();
        });
      } finally {
        await setup.stop();
      }
    });

    test("of a part of a cluster", async () => {
      const setup = await startClusterSetup();
      try {
        await countsThrough({ kind: "cluster", nodes: setup.nodes }, mode, async () => {
          const [first = 0] = await setup.masters();
          await replicated(setup.servers[first]);
          await setup.kill(first);
          await setup.untilWell();
        });
      } finally {
        await setup.stop();
      }
    });
  });
}
