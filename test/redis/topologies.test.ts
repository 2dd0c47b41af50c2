import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startConfigured, startRedis } from "../../demo/stack/redis.js";
import type { Credentials, Topology } from "../../src/redis/settings.js";
import { type ClusterSetup, startClusterSetup } from "../support/redis/cluster.js";
import { type SentinelSetup, startSentinelSetup } from "../support/redis/sentinel.js";
import { eventually } from "../support/weir.js";
import {
  BACK_MS,
  failureOf,
  msUntilAnswered,
  type Opened,
  open,
  temporaryFolder,
  untilReady,
} from "./connecting.js";

const succeeds = (promise: Promise<unknown> | undefined) =>
  Promise.resolve(promise).then(
    () => true,
    () => false,
  );

const secret: Credentials = { kind: "fixed", username: null, password: "secret" };
const none: Credentials = { kind: "none" };

describe("a connection to the master that sentinels name", () => {
  let setup: SentinelSetup;
  before(async () => {
    setup = await startSentinelSetup({ password: "secret", replicas: 2 });
  });
  after(() => setup?.stop());

  const topology = (): Topology => ({
    ...{ kind: "sentinel", name: setup.name, db: 0, credentials: none },
    nodes: setup.sentinels.slice(0, 1),
  });

  test("follows it when it dies, and says nothing of what was in flight to the next one", async (t) => {
    const opened = await open(t, { topology: topology(), credentials: secret });
    await untilReady(opened);
    const { port } = await setup.master();
    const server = setup.dataServers.find((server) => server.port === port);
    server?.child.kill("SIGSTOP");
    const call = failureOf(opened.client.incr("in flight"));
    await sleep(50);
    const killed = await setup.killMaster();
    await call;
    await setup.untilFailedOver();
    const backMs = await msUntilAnswered(opened);
    assert.ok(backMs < BACK_MS, `${backMs} ms`);
    assert.equal(await opened.client.exists("in flight"), 0);
    await killed.restart();
  });

  test("goes to the new one though the old one still answers", async (t) => {
    const opened = await open(t, { topology: topology(), credentials: secret });
    await untilReady(opened);
    const { port } = await setup.master();
    const portOf = async () => /tcp_port:(\d+)/.exec(await opened.client.info("server"))?.[1];
    assert.equal(await portOf(), String(port));
    const failOver = () => setup.sentinelServers[0]?.command("SENTINEL", "FAILOVER", setup.name);
    await eventually("a failover begins", () => succeeds(failOver()), 15_000);
    await eventually("another master", async () => (await setup.master()).port !== port, 10_000);
    let seen = "";
    await eventually(
      "a connection to it",
      async () => {
        const next = await setup.master();
        const now = (await portOf().catch(() => "none")) ?? "none";
        seen = `${now} of ${next.port}`;
        return next.port !== port && now === String(next.port);
      },
      10_000,
    ).catch((error: Error) => assert.fail(`${error.message}: ${seen}, after ${opened.problems.join("; ")}`));
    await msUntilAnswered(opened);
  });

  test("comes about though a sentinel is gone, and fails at once when all are", async (t) => {
    const unreachable = { host: "127.0.0.1", port: 1 };
    const nodes = [unreachable, ...setup.sentinels];
    await untilReady(await open(t, { topology: { ...topology(), nodes } as Topology, credentials: secret }));
    const without = await open(t, { topology: { ...topology(), nodes: [unreachable] } as Topology });
    await eventually("it is told", () => without.problems.length > 0);
    const { tookMs } = await failureOf(without.client.incr("n"));
    assert.ok(tookMs < 50, `${tookMs} ms`);
    await sleep(500);
    assert.deepEqual(without.problems, ["Redis: All sentinels are unreachable."]);
  });
});

test("sentinels may have a password of their own", async (t) => {
  const redis = await startRedis({ password: "secret" });
  t.after(() => redis.stop());
  const lines = (port: number) => [
    `port ${port}`,
    `sentinel monitor weir 127.0.0.1 ${redis.port} 1`,
    "sentinel auth-pass weir secret",
    "requirepass watchful",
  ];
  const sentinel = await startConfigured(lines, "+monitor master", { password: "watchful" }, ["--sentinel"]);
  t.after(() => sentinel.stop());
  const nodes = [{ host: "127.0.0.1", port: sentinel.port }];
  const path = join(await temporaryFolder(t), "password");
  await writeFile(path, "guessed");
  const credentials: Credentials = { kind: "file", username: null, path };
  const topology: Topology = { kind: "sentinel", name: "weir", nodes, db: 0, credentials };
  const opened = await open(t, { topology, credentials: secret });
  await eventually("it is told", () => /WRONGPASS/.test(opened.problems.join()));
  await writeFile(path, "watchful");
  await untilReady(opened);
});

describe("a connection to a cluster", () => {
  let setup: ClusterSetup;
  before(async () => {
    setup = await startClusterSetup({ password: "secret" });
  });
  after(() => setup?.stop());

  const topology = (): Topology => ({ kind: "cluster", nodes: setup.nodes.slice(0, 2) });
  const keys = Array.from({ length: 60 }, (_, n) => `key ${n}`);
  /** Counts on all nodes; resolves to the errors. */
  const countAll = async ({ client }: Opened) => {
    const results = await Promise.allSettled(keys.map((key) => client.incr(key)));
    return results.flatMap((result) => (result.status === "rejected" ? [String(result.reason)] : []));
  };
  const untilAllCount = async (opened: Opened) => {
    const begun = performance.now();
    await eventually("all count", async () => (await countAll(opened)).length === 0, 10_000);
    return performance.now() - begun;
  };

  test("counts on all nodes, and finds the master that takes over", async (t) => {
    const opened = await open(t, { topology: topology(), credentials: secret });
    await untilReady(opened);
    await untilAllCount(opened);
    const before = await opened.client.get("key 0");
    const lost = (await setup.masters())[0] ?? 0;
    await setup.kill(lost);
    let slowestMs = 0;
    let others = 0;
    const begun = performance.now();
    while (performance.now() - begun < 800) {
      const asked = performance.now();
      others += keys.length - (await countAll(opened)).length;
      slowestMs = Math.max(slowestMs, performance.now() - asked);
      await sleep(20);
    }
    assert.ok(slowestMs < 300, `${slowestMs} ms`);
    assert.ok(others > keys.length, "the other nodes went on");
    await setup.untilWell();
    const backMs = await untilAllCount(opened);
    assert.ok(backMs < BACK_MS, `${backMs} ms`);
    assert.ok(Number(await opened.client.get("key 0")) > Number(before));
    await setup.restart(lost);
    await setup.untilWell();
    await untilAllCount(opened);
  });

  test("fails what is in flight to a node that dies, and does not send it again", async (t) => {
    const opened = await open(t, { topology: topology(), credentials: secret });
    await untilReady(opened);
    await untilAllCount(opened);
    const masters = await setup.masters();
    for (const index of masters) setup.servers[index]?.child.kill("SIGSTOP");
    const calls = keys.map((key) => failureOf(opened.client.incr(`in flight ${key}`)));
    await sleep(50);
    const killedAt = performance.now();
    const lost = masters[0] ?? 0;
    await setup.kill(lost);
    for (const index of masters.slice(1)) setup.servers[index]?.child.kill("SIGCONT");
    const failed = await Promise.allSettled(calls);
    assert.ok(performance.now() - killedAt < 900, "failed or was answered late");
    assert.ok(failed.some(({ status }) => status === "fulfilled"));
    assert.ok(failed.some(({ status }) => status === "rejected"));
    await setup.untilWell();
    await untilAllCount(opened);
    const counted = await Promise.all(keys.map((key) => opened.client.get(`in flight ${key}`)));
    assert.deepEqual(
      counted.map((value) => value ?? "0"),
      failed.map(({ status }) => (status === "rejected" ? "1" : "0")),
    );
    await setup.restart(lost);
    await setup.untilWell();
  });

  test("tells all nodes a new password", async (t) => {
    const onAll = (name: string, ...args: string[]) =>
      Promise.all(setup.servers.map((server) => server.command(name, ...args)));
    await onAll("ACL", "SETUSER", "weir", "on", ">first", "~*", "&*", "+@all");
    const path = join(await temporaryFolder(t), "password");
    await writeFile(path, "first");
    const credentials: Credentials = { kind: "file", username: "weir", path };
    const opened = await open(t, { topology: topology(), credentials });
    await untilReady(opened);
    await untilAllCount(opened);
    await onAll("ACL", "SETUSER", "weir", ">second");
    await writeFile(`${path}.new`, "second");
    await rename(`${path}.new`, path);
    await eventually("all nodes have been told", async () => {
      const lists = (await onAll("CLIENT", "LIST")).join("\n");
      const lastCommands = [...lists.matchAll(/ name=weir .* cmd=(\w+)/g)].map(([, command]) => command);
      return lastCommands.join() === "auth,auth,auth,auth,auth,auth";
    });
    await onAll("ACL", "SETUSER", "weir", "<first");
    await onAll("CLIENT", "KILL", "USER", "weir");
    const backMs = await untilAllCount(opened);
    assert.ok(backMs < BACK_MS, `${backMs} ms`);
    assert.doesNotMatch(opened.problems.join(), /WRONGPASS|NOAUTH/);
  });

  test("comes about when the cluster does, and again when all of it was gone", async (t) => {
    await Promise.all(setup.servers.map((_, index) => setup.kill(index)));
    const opened = await open(t, { topology: topology(), credentials: secret });
    await eventually("it is told", () => opened.problems.length > 0);
    const { tookMs } = await failureOf(opened.client.incr("n"));
    assert.ok(tookMs < 50, `${tookMs} ms`);
    for (const _ of [1, 2]) {
      await Promise.all(setup.servers.map((_, index) => setup.restart(index)));
      await setup.untilWell();
      const backMs = await untilAllCount(opened);
      assert.ok(backMs < BACK_MS, `${backMs} ms`);
      await Promise.all(setup.servers.map((_, index) => setup.kill(index)));
      await sleep(1500);
    }
    const begun = performance.now();
    await opened.connection.close();
    assert.ok(performance.now() - begun < 500);
  });
});
