import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startRedis, takePort } from "../../demo/stack/redis.js";
import { startFaultProxy } from "../support/redis/fault-proxy.js";
import { eventually } from "../support/weir.js";
import {
  BACK_MS,
  failureOf,
  msUntilAnswered,
  open,
  single,
  temporaryFolder,
  untilReady,
} from "./connecting.js";

describe("a connection to one Redis", () => {
  test("speaks to it under weir's name, in the database that the settings name", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const opened = await open(t, { topology: single(redis.port, "localhost", 3) });
    await untilReady(opened);
    await opened.client.set("a", "1");
    assert.equal(await redis.command("GET", "a"), null);
    assert.match(String(await redis.command("CLIENT", "LIST")), /name=weir .*db=3 /);
    assert.deepEqual(opened.problems, []);
  });

  test("may be a socket", async (t) => {
    const path = join(await temporaryFolder(t), "redis.sock");
    const redis = await startRedis({ config: [`unixsocket ${path}`] });
    t.after(() => redis.stop());
    const topology = { kind: "single", address: { kind: "unix", path }, db: 0 } as const;
    const opened = await open(t, { topology });
    await untilReady(opened);
    assert.equal(await opened.client.ping(), "PONG");
  });

  test("comes about when Redis does, says once that it is not there, and fails at once until then", async (t) => {
    const port = await takePort();
    const opened = await open(t, { topology: single(port) });
    await sleep(600);
    const { tookMs } = await failureOf(opened.client.incr("n"));
    assert.ok(tookMs < 50, `${tookMs} ms`);
    assert.deepEqual(opened.problems, [`Redis: connect ECONNREFUSED 127.0.0.1:${port}`]);
    const redis = await startRedis({ port });
    t.after(() => redis.stop());
    const backMs = await msUntilAnswered(opened);
    assert.ok(backMs < BACK_MS, `${backMs} ms`);
    // What failed was not kept to be sent later.
    assert.equal(await redis.command("EXISTS", "n"), 0);
    assert.equal(opened.problems.length, 1);
  });

  test("is back soon after Redis, and reports the next loss again", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const opened = await open(t, { topology: single(redis.port) });
    await untilReady(opened);
    for (const losses of [1, 2]) {
      await redis.kill();
      await eventually("the loss is told", () => {
        const told = opened.problems.filter((problem) => problem.includes("ECONNREFUSED"));
        return told.length === losses;
      });
      await redis.restart();
      const backMs = await msUntilAnswered(opened);
      assert.ok(backMs < BACK_MS, `${backMs} ms`);
    }
  });

  test("takes the database that is still loading for one that is not there yet", async (t) => {
    const redis = await startRedis({ persistent: true, config: ["key-load-delay 2000"] });
    t.after(() => redis.stop());
    await redis.command("EVAL", "for i = 1, 500 do redis.call('SET', i, i) end", 0);
    const opened = await open(t, { topology: single(redis.port) });
    await untilReady(opened);
    await redis.restart();
    const backMs = await msUntilAnswered(opened);
    assert.ok(backMs < BACK_MS, `${backMs} ms`);
    assert.doesNotMatch(opened.problems.join(), /LOADING/);
  });
});

describe("what is in flight when the connection is lost", () => {
  test("fails at once, and is not sent again: it was counted", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const proxy = await startFaultProxy(redis.port);
    t.after(() => proxy.stop());
    const opened = await open(t, { topology: single(proxy.port) });
    await untilReady(opened);
    await proxy.delay(60_000);
    const calls = Array.from({ length: 20 }, () => failureOf(opened.client.incr("n")));
    await eventually("Redis has counted", async () => (await redis.command("GET", "n")) === "20");
    const cutAt = performance.now();
    await proxy.refuse();
    await Promise.all(calls);
    assert.ok(performance.now() - cutAt < 200, "did not fail at once");
    await proxy.pass();
    await msUntilAnswered(opened);
    await sleep(300);
    assert.equal(await redis.command("GET", "n"), "20");
  });

  test("fails at once, and is not sent again: it was not counted, for Redis was killed", async (t) => {
    const redis = await startRedis({ persistent: true });
    t.after(() => redis.stop());
    const opened = await open(t, { topology: single(redis.port) });
    await untilReady(opened);
    redis.child.kill("SIGSTOP");
    const call = failureOf(opened.client.incr("n"));
    await sleep(50);
    const killedAt = performance.now();
    await redis.kill();
    await call;
    assert.ok(performance.now() - killedAt < 500, "did not fail at once");
    await redis.restart();
    await msUntilAnswered(opened);
    await sleep(300);
    assert.equal(await redis.command("EXISTS", "n"), 0);
  });

  test("fails too when nothing comes any more, and the connection is given up", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const proxy = await startFaultProxy(redis.port);
    t.after(() => proxy.stop());
    const opened = await open(t, { topology: single(proxy.port) });
    await untilReady(opened);
    await proxy.blackHole();
    const { tookMs } = await failureOf(opened.client.incr("n"));
    assert.ok(tookMs > 900 && tookMs < 2000, `${tookMs} ms`);
    // A handshake that is not answered is given up, too.
    await sleep(1500);
    await proxy.pass();
    const backMs = await msUntilAnswered(opened);
    assert.ok(backMs < BACK_MS, `${backMs} ms`);
    assert.equal(await redis.command("EXISTS", "n"), 0);
  });

  test("fails when it is told that the connection is no good", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const proxy = await startFaultProxy(redis.port);
    t.after(() => proxy.stop());
    const opened = await open(t, { topology: single(proxy.port) });
    await untilReady(opened);
    await proxy.delay(60_000);
    const call = failureOf(opened.client.incr("n"));
    await sleep(100);
    opened.connection.reconnect();
    const { tookMs } = await call;
    assert.ok(tookMs < 300, `${tookMs} ms`);
    await proxy.pass();
    await msUntilAnswered(opened);
    assert.equal(await redis.command("GET", "n"), "1");
  });

  test("is refused by a replica, and asks once; the connection looks for the master", async (t) => {
    const master = await startRedis();
    t.after(() => master.stop());
    const replica = await startRedis({ replicaOf: master.port });
    t.after(() => replica.stop());
    const opened = await open(t, { topology: single(replica.port) });
    await untilReady(opened);
    const id = await opened.client.client("ID");
    const script = "return redis.call('INCR', KEYS[1])";
    const { error } = await failureOf(opened.client.eval(script, 1, "n"));
    assert.match(error.message, /READONLY/);
    await replica.command("REPLICAOF", "NO", "ONE");
    await eventually("another connection", async () => {
      const now = await opened.client.client("ID").catch(() => id);
      return now !== id;
    });
    assert.equal(await replica.command("EXISTS", "n"), 0);
  });
});

describe("closing", () => {
  test("waits for what is in flight", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const proxy = await startFaultProxy(redis.port);
    t.after(() => proxy.stop());
    const opened = await open(t, { topology: single(proxy.port) });
    await untilReady(opened);
    await proxy.delay(100);
    const call = opened.client.incr("n");
    await opened.connection.close();
    assert.equal(await call, 1);
    await eventually("the end", () => opened.client.status === "end");
  });

  test("does not wait for long for a Redis that says nothing", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const opened = await open(t, { topology: single(redis.port) });
    await untilReady(opened);
    redis.child.kill("SIGSTOP");
    const call = failureOf(opened.client.incr("n"));
    const begun = performance.now();
    await opened.connection.close();
    assert.ok(performance.now() - begun < 400);
    await call;
    assert.ok(performance.now() - begun < 600);
  });

  test("ends the attempts to connect", async (t) => {
    const port = await takePort();
    const opened = await open(t, { topology: single(port) });
    await sleep(100);
    await opened.connection.close();
    const redis = await startRedis({ port });
    t.after(() => redis.stop());
    await sleep(500);
    assert.doesNotMatch(String(await redis.command("CLIENT", "LIST")), /name=weir/);
  });
});
