import assert from "node:assert/strict";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type RedisServer, startRedis } from "../../demo/stack/redis.js";
import type { Credentials } from "../../src/redis/settings.js";
import { eventually } from "../support/weir.js";
import { BACK_MS, msUntilAnswered, open, single, temporaryFolder, untilReady } from "./connecting.js";

/** A Redis that knows a user weir beside the default one, which needs no password. */
async function startWithUser(t: TestContext, password: string): Promise<RedisServer> {
  const redis = await startRedis({ users: [`weir on >${password} ~* &* +@all`] });
  t.after(() => redis.stop());
  return redis;
}

/** A file with a password, which is replaced as a whole. */
async function passwordFile(t: TestContext, text: string) {
  const path = join(await temporaryFolder(t), "password");
  const write = async (text: string) => {
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  };
  await write(text);
  const credentials: Credentials = { kind: "file", username: "weir", path };
  return { path, write, credentials };
}

const users = async (redis: RedisServer) =>
  [...String(await redis.command("CLIENT", "LIST")).matchAll(/name=weir .*user=(\w+)/g)].map(
    ([, user]) => user,
  );

describe("weir says who it is", () => {
  test("by the default user's password, which is in the environment", async (t) => {
    const redis = await startRedis({ password: "secret" });
    t.after(() => redis.stop());
    const credentials: Credentials = { kind: "env", username: null, name: "REDIS_PASSWORD" };
    const opened = await open(t, { topology: single(redis.port), credentials }, { REDIS_PASSWORD: "secret" });
    await untilReady(opened);
    assert.deepEqual(opened.problems, []);
  });

  test("by a user's password from its settings", async (t) => {
    const redis = await startWithUser(t, "secret");
    const credentials: Credentials = { kind: "fixed", username: "weir", password: "secret" };
    await untilReady(await open(t, { topology: single(redis.port), credentials }));
    assert.deepEqual(await users(redis), ["weir"]);
  });

  test("by a user's password from a file, without the line's end", async (t) => {
    const redis = await startWithUser(t, "pass-word");
    const { credentials } = await passwordFile(t, "pass-word\r\n");
    await untilReady(await open(t, { topology: single(redis.port), credentials }));
    assert.deepEqual(await users(redis), ["weir"]);
  });

  test("and reports a password that is not set, and one that is wrong, without telling it", async (t) => {
    const redis = await startRedis({ password: "secret" });
    t.after(() => redis.stop());
    const topology = single(redis.port);
    const missing = await open(t, {
      topology,
      credentials: { kind: "env", username: null, name: "REDIS_PASSWORD" },
    });
    const wrong = await open(t, {
      topology,
      credentials: { kind: "fixed", username: null, password: "guessed" },
    });
    await eventually("both are told", () => missing.problems.length > 1 && wrong.problems.length > 0);
    await sleep(300);
    assert.deepEqual(missing.problems, [
      "no password for Redis: the environment variable REDIS_PASSWORD is not set",
      "Redis: NOAUTH Authentication required.",
    ]);
    assert.deepEqual(wrong.problems, [
      "Redis: WRONGPASS invalid username-password pair or user is disabled.",
    ]);
  });
});

describe("a password in a file", { concurrency: true }, () => {
  const authentications = async (redis: RedisServer) =>
    Number(/cmdstat_auth:calls=(\d+)/.exec(String(await redis.command("INFO", "commandstats")))?.[1]);

  test("that changes is told to connections that are there, and to new ones", async (t) => {
    const redis = await startWithUser(t, "first");
    const file = await passwordFile(t, "first\n");
    const opened = await open(t, { topology: single(redis.port), credentials: file.credentials });
    await untilReady(opened);
    const id = await opened.client.client("ID");
    await redis.command("ACL", "SETUSER", "weir", ">second");
    await file.write("second\n");
    await eventually("the new password is told", async () => (await authentications(redis)) === 2);
    assert.equal(await opened.client.client("ID"), id);
    await redis.command("ACL", "SETUSER", "weir", "<first");
    await redis.command("CLIENT", "KILL", "USER", "weir");
    const backMs = await msUntilAnswered(opened);
    assert.ok(backMs < BACK_MS, `${backMs} ms`);
    assert.deepEqual(await users(redis), ["weir"]);
  });

  test("is read again before the next attempt when the connection is lost", async (t) => {
    const redis = await startWithUser(t, "first");
    const file = await passwordFile(t, "first");
    const opened = await open(t, { topology: single(redis.port), credentials: file.credentials });
    await untilReady(opened);
    for (const next of ["second", "third", "fourth"]) {
      await redis.command("ACL", "SETUSER", "weir", "resetpass", `>${next}`);
      await file.write(next);
      await redis.command("CLIENT", "KILL", "USER", "weir");
      const backMs = await msUntilAnswered(opened);
      assert.ok(backMs < BACK_MS, `${backMs} ms`);
    }
  });

  test("that Redis does not take is reported, and the connection goes on", async (t) => {
    const redis = await startWithUser(t, "first");
    const file = await passwordFile(t, "first");
    const opened = await open(t, { topology: single(redis.port), credentials: file.credentials });
    await untilReady(opened);
    const id = await opened.client.client("ID");
    await file.write("too early");
    await eventually("it is told", () => opened.problems.length > 0);
    assert.deepEqual(opened.problems, [
      "Redis does not take the new password: WRONGPASS invalid username-password pair or user is disabled.",
    ]);
    assert.equal(await opened.client.client("ID"), id);
  });

  test("that cannot be read is reported once, and the last one stays", async (t) => {
    const redis = await startWithUser(t, "first");
    const file = await passwordFile(t, "first");
    const opened = await open(t, { topology: single(redis.port), credentials: file.credentials });
    await untilReady(opened);
    await rm(file.path);
    await eventually("it is told", () => opened.problems.length > 0);
    await redis.command("CLIENT", "KILL", "USER", "weir");
    await msUntilAnswered(opened);
    await sleep(1200);
    assert.deepEqual(opened.problems, [
      `cannot read the password of Redis: ENOENT: no such file or directory, open '${file.path}'`,
    ]);
    await file.write("\n");
    await eventually("it is told", () => opened.problems.length > 1);
    assert.equal(opened.problems[1], `cannot read the password of Redis: ${file.path} is empty`);
  });

  test("may come after weir has", async (t) => {
    const redis = await startRedis({ password: "secret" });
    t.after(() => redis.stop());
    const path = join(await temporaryFolder(t), "password");
    const credentials: Credentials = { kind: "file", username: null, path };
    const opened = await open(t, { topology: single(redis.port), credentials });
    await eventually("it is told", () => opened.problems.length === 2);
    await writeFile(path, "secret");
    const backMs = await msUntilAnswered(opened);
    assert.ok(backMs < 2500, `${backMs} ms`);
  });
});
