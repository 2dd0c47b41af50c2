import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { type RedisServer, startRedis } from "../../../demo/stack/redis.js";
import { type Certificates, makeCertificates } from "../certificates.js";
import { eventually } from "../weir.js";
import { type ClusterSetup, startClusterSetup } from "./cluster.js";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.js";
import { type SentinelSetup, startSentinelSetup } from "./sentinel.js";

type ClientOptions = Omit<RedisOptions, "replyMapping">;

/** A client that gives up at the first failure, to see the failure. */
async function withClient<T>(
  url: string,
  use: (client: Redis) => Promise<T>,
  options: ClientOptions = {},
): Promise<T> {
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
    ...options,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return await use(client);
  } finally {
    client.disconnect();
  }
}

const ping = (url: string, options?: ClientOptions) => withClient(url, (client) => client.ping(), options);

describe("a Redis", () => {
  test("comes back on its port after a SIGKILL, with nothing in it", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    await redis.command("SET", "a", 1);
    await redis.kill();
    await assert.rejects(ping(redis.url), /ECONNREFUSED|Connection is closed/);
    await redis.restart();
    assert.equal(await ping(redis.url), "PONG");
    assert.equal(await redis.command("GET", "a"), null);
  });

  test("keeps its data over a restart where it is to be persistent", async (t) => {
    const redis = await startRedis({ persistent: true });
    t.after(() => redis.stop());
    await redis.command("SET", "a", 1);
    await redis.restart();
    assert.equal(await redis.command("GET", "a"), "1");
  });

  test("takes another port than one that is taken, and says so when it may not", async (t) => {
    const [one, other] = await Promise.all([startRedis(), startRedis()]);
    t.after(() => Promise.all([one.stop(), other.stop()]));
    assert.notEqual(one.port, other.port);
    await assert.rejects(startRedis({ port: one.port }), /in use/);
  });

  test("asks for passwords and keeps users to their rules", async (t) => {
    const redis = await startRedis({ password: "secret", users: ["weir on >other ~weir:* +@all -@admin"] });
    t.after(() => redis.stop());
    await assert.rejects(ping(redis.url), /NOAUTH/);
    assert.equal(await ping(redis.url, { password: "secret" }), "PONG");
    await withClient(
      redis.url,
      async (client) => {
        assert.equal(await client.set("weir:a", 1), "OK");
        await assert.rejects(client.set("a", 1), /NOPERM/);
        await assert.rejects(client.config("GET", "port"), /NOPERM/);
      },
      { username: "weir", password: "other" },
    );
  });

  test("replicates a master that has a password", async (t) => {
    const master = await startRedis({ password: "secret" });
    t.after(() => master.stop());
    const replica = await startRedis({ password: "secret", replicaOf: master.port });
    t.after(() => replica.stop());
    await master.command("SET", "a", 1);
    await eventually("the key is there", async () => (await replica.command("GET", "a")) === "1");
  });
});

describe("a Redis with TLS", () => {
  let certificates: Certificates;
  before(async () => {
    certificates = await makeCertificates();
  });
  after(() => certificates?.remove());

  test("speaks nothing else, and shows a certificate of its authority", async (t) => {
    const { caFile, server } = certificates;
    const redis = await startRedis({ tls: { caFile, ...server } });
    t.after(() => redis.stop());
    const ca = await readFile(caFile);
    assert.match(redis.url, /^rediss:/);
    assert.equal(await ping(redis.url, { tls: { ca } }), "PONG");
    assert.equal(await ping(redis.url.replace("127.0.0.1", "localhost"), { tls: { ca } }), "PONG");
    await assert.rejects(ping(redis.url));
    await assert.rejects(ping(redis.url.replace("rediss", "redis")));
  });

  test("wants a client's certificate where it is to", async (t) => {
    const { caFile, server, client } = certificates;
    const redis = await startRedis({ tls: { caFile, ...server, clientCertificates: true } });
    t.after(() => redis.stop());
    const ca = await readFile(caFile);
    const shown = { cert: await readFile(client.certFile), key: await readFile(client.keyFile) };
    assert.equal(await ping(redis.url, { tls: { ca, ...shown } }), "PONG");
    assert.equal(await redis.command("PING"), "PONG");
    await assert.rejects(ping(redis.url, { tls: { ca } }));
  });
});

describe("the fault proxy", () => {
  let redis: RedisServer;
  let proxy: FaultProxy;
  before(async () => {
    redis = await startRedis();
    proxy = await startFaultProxy(redis.port);
  });
  after(async () => {
    await proxy?.stop();
    await redis?.stop();
  });

  const impatient = { commandTimeout: 100 };

  test("holds replies, in their order, until it passes them again", async () => {
    await withClient(proxy.url, async (client) => {
      assert.equal(await client.set("n", 0), "OK");
      await proxy.delay(100);
      const begun = performance.now();
      assert.deepEqual(await Promise.all([client.incr("n"), client.incr("n")]), [1, 2]);
      const tookMs = performance.now() - begun;
      assert.ok(tookMs >= 99, `${tookMs} ms`);
      await proxy.delay(60_000);
      const third = client.incr("n");
      await eventually("the request went through", async () => (await redis.command("GET", "n")) === "3");
      await proxy.pass();
      assert.equal(await third, 3);
    });
  });

  test("says nothing as a black hole, and then cuts those that it swallowed something of", async () => {
    await withClient(
      proxy.url,
      async (client) => {
        assert.equal(await client.ping(), "PONG");
        await proxy.blackHole();
        await assert.rejects(client.set("swallowed", 1), /timed out/);
        await assert.rejects(ping(proxy.url, impatient), /timed out/);
        await proxy.pass();
        await eventually("the connection is cut", () => client.status === "end");
      },
      impatient,
    );
    assert.equal(await ping(proxy.url), "PONG");
    assert.equal(await redis.command("GET", "swallowed"), null);
  });

  test("cuts and refuses, and takes connections again on the same port", async () => {
    await withClient(proxy.url, async (client) => {
      await proxy.refuse();
      await eventually("the connection is cut", () => client.status === "end");
    });
    await assert.rejects(ping(proxy.url), /ECONNREFUSED|Connection is closed/);
    await proxy.pass();
    assert.equal(await ping(proxy.url), "PONG");
  });

  test("answers with what is not RESP, or with the wrong reply to every command", async () => {
    await withClient(proxy.url, async (client) => {
      await proxy.answerNonsense();
      await assert.rejects(client.ping(), /Unknown RESP type/);
    });
    await withClient(proxy.url, async (client) => {
      await proxy.answerNonsense(":-7\r\n");
      assert.deepEqual(await Promise.all([client.get("n"), client.ping()]), [-7, -7]);
    });
    await proxy.pass();
    assert.equal(await ping(proxy.url), "PONG");
  });

  test("cuts its connections when Redis dies", async () => {
    await withClient(proxy.url, async (client) => {
      assert.equal(await client.ping(), "PONG");
      await redis.kill();
      await eventually("the connection is cut", () => client.status === "end");
      await redis.restart();
    });
    assert.equal(await ping(proxy.url), "PONG");
  });
});

describe("sentinels", () => {
  let setup: SentinelSetup;
  before(async () => {
    setup = await startSentinelSetup({ password: "secret" });
  });
  after(() => setup?.stop());

  test("promote a replica when the master dies, and demote the master when it is back", async () => {
    const client = new Redis({ sentinels: [...setup.sentinels], name: setup.name, password: "secret" });
    client.on("error", () => {});
    try {
      await client.set("a", 1);
      // The master answers before its replica has the key.
      assert.equal(await client.wait(1, 5000), 1);
      const first = await setup.master();
      const killed = await setup.killMaster();
      assert.equal(killed.port, first.port);
      const next = await setup.untilFailedOver();
      assert.notEqual(next.port, first.port);
      assert.deepEqual(await setup.master(), next);
      assert.equal(await client.get("a"), "1");
      assert.equal(await client.set("b", 2), "OK");
      await killed.restart();
      await eventually("b is replicated", async () => {
        // While it becomes a replica its connections are cut.
        const b = await killed.command("GET", "b").catch(() => null);
        return b === "2";
      });
    } finally {
      client.disconnect();
    }
  });
});

describe("a cluster", () => {
  let setup: ClusterSetup;
  before(async () => {
    setup = await startClusterSetup({ password: "secret" });
  });
  after(() => setup?.stop());

  test("takes keys of all slots, and still does when a master is dead and when it is back", async () => {
    const client = new Cluster([...setup.nodes], { redisOptions: { password: "secret" } });
    client.on("error", () => {});
    const setAll = (value: number) =>
      Promise.all(Array.from({ length: 300 }, (_, n) => client.set(`key ${n}`, value)));
    try {
      assert.match(String(await setup.servers[0]?.command("CLUSTER", "INFO")), /cluster_slots_ok:16384/);
      assert.deepEqual(await setup.masters(), [0, 1, 2]);
      await setAll(1);
      for (const master of setup.servers.slice(0, 3)) {
        assert.ok(Number(await master.command("DBSIZE")) > 50);
      }
      await setup.kill(0);
      await setup.untilWell();
      assert.deepEqual(await setup.masters(), [1, 2, 3]);
      await setAll(2);
      await setup.restart(0);
      await setup.untilWell();
      assert.deepEqual(await setup.masters(), [1, 2, 3]);
      await setAll(3);
    } finally {
      client.disconnect();
    }
  });
});
