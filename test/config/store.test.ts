import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsePolicy } from "../../src/config/load.js";
import { parseRedisUrl } from "../../src/config/redis-url.js";
import { redisSettings } from "../../src/config/store-settings.js";
import type { RedisSettings } from "../../src/redis/settings.js";
import { mistakesIn } from "./loading.js";

const policyOf = (store: string) => `version: 1\nstore: ${store}\n`;

function settingsOf(store: string): RedisSettings {
  const { file } = parsePolicy(policyOf(store), "policy.yaml");
  assert.ok(file.store?.kind === "redis");
  return redisSettings(file.store);
}

const defaults = { mode: "leased", onError: "local", deadlineMs: 25, prefix: "weir" };

describe("a store in Redis", () => {
  test("of nothing but its URL has the defaults", () => {
    assert.deepEqual(settingsOf("{ kind: redis, url: redis://redis }"), {
      topology: { kind: "single", address: { kind: "tcp", host: "redis", port: 6379 }, db: 0 },
      credentials: { kind: "none" },
      tls: null,
      ...defaults,
    });
  });

  test("takes what the brief says", () => {
    const { mode, onError } = settingsOf("{ kind: redis, url: redis://redis, mode: strict, onError: deny }");
    assert.deepEqual([mode, onError], ["strict", "deny"]);
  });

  test("of one server takes everything that can be said of it", () => {
    const store = `
  kind: redis
  url: rediss://weir@[::1]:6380/3
  password: { file: /run/secrets/redis }
  tls: { ca: ca.pem, cert: weir.pem, key: weir.key, serverName: redis.internal }
  mode: strict
  onError: allow
  deadlineMs: 10
  prefix: "acme:weir"
  maxCounters: 5000`;
    assert.deepEqual(settingsOf(store), {
      topology: { kind: "single", address: { kind: "tcp", host: "::1", port: 6380 }, db: 3 },
      credentials: { kind: "file", username: "weir", path: "/run/secrets/redis" },
      tls: { ca: "ca.pem", client: { cert: "weir.pem", key: "weir.key" }, serverName: "redis.internal" },
      mode: "strict",
      onError: "allow",
      deadlineMs: 10,
      prefix: "acme:weir",
    });
    assert.equal(parsePolicy(policyOf(store), "p").file.store?.maxCounters, 5000);
  });

  test("that sentinels watch has their credentials apart from the master's", () => {
    const { topology, credentials, tls } = settingsOf(`
  kind: redis
  sentinel: { name: mymaster, nodes: ["sentinel-0:26379", "[::1]:26380"], db: 2 }
  username: weir
  password: { env: REDIS_PASSWORD }
  sentinelPassword: { env: SENTINEL_PASSWORD }
  tls: true`);
    assert.deepEqual(topology, {
      kind: "sentinel",
      name: "mymaster",
      nodes: [
        { host: "sentinel-0", port: 26379 },
        { host: "::1", port: 26380 },
      ],
      db: 2,
      credentials: { kind: "env", username: null, name: "SENTINEL_PASSWORD" },
    });
    assert.deepEqual(credentials, { kind: "env", username: "weir", name: "REDIS_PASSWORD" });
    assert.deepEqual(tls, { ca: null, client: null, serverName: null });
  });

  test("may be a cluster", () => {
    const { topology, tls } = settingsOf(
      '{ kind: redis, cluster: ["redis-0:6379", "redis-1:6379"], tls: { ca: ca.pem } }',
    );
    const nodes = ["redis-0", "redis-1"].map((host) => ({ host, port: 6379 }));
    assert.deepEqual(topology, { kind: "cluster", nodes });
    assert.deepEqual(tls, { ca: "ca.pem", client: null, serverName: null });
  });

  test("may be a socket", () => {
    const { topology } = settingsOf("{ kind: redis, url: unix:///run/redis.sock }");
    assert.deepEqual(topology, {
      kind: "single",
      address: { kind: "unix", path: "/run/redis.sock" },
      db: 0,
    });
  });

  test("with a password in its URL works, with a warning that does not repeat it", () => {
    const store = "{ kind: redis, url: redis://:p%40ss@redis, username: weir }";
    const { warnings } = parsePolicy(policyOf(store), "policy.yaml");
    assert.deepEqual(warnings, [
      "policy.yaml:2: store.url: has a password in clear: " +
        "take password: { env: NAME } or { file: PATH } in its place",
    ]);
    const fixed = { kind: "fixed", username: "weir", password: "p@ss" };
    assert.deepEqual(settingsOf(store).credentials, fixed);
  });
});

describe("the URL of a Redis", () => {
  const tcp = (host: string, port = 6379) => ({ kind: "tcp", host, port });
  const bare = { scheme: "redis", db: 0, username: null, password: null };

  for (const [text, expected] of [
    ["redis://redis", { ...bare, address: tcp("redis") }],
    ["redis://10.0.0.1:7000/", { ...bare, address: tcp("10.0.0.1", 7000) }],
    [
      "rediss://redis.example.com/15",
      { ...bare, scheme: "rediss", address: tcp("redis.example.com"), db: 15 },
    ],
    ["redis://a%3Ab:c%2Fd@redis", { ...bare, address: tcp("redis"), username: "a:b", password: "c/d" }],
    ["redis://:a:b@redis", { ...bare, address: tcp("redis"), password: "a:b" }],
    ["unix:/run/a.sock", { ...bare, scheme: "unix", address: { kind: "unix", path: "/run/a.sock" } }],
  ] as const) {
    test(`${text} is read`, () => assert.deepEqual(parseRedisUrl(text), expected));
  }

  for (const text of [
    "",
    "redis",
    "redis:6379",
    "http://redis",
    "redis://",
    "redis://redis:0",
    "redis://redis:65536",
    "redis://redis/one",
    "redis://redis/0?family=6",
    "redis://a,b",
    "redis://a@b@c",
    "redis://%zz@redis",
    " redis://redis",
    "unix://",
    "unix://run/redis.sock",
    `unix:///${"a".repeat(200)}`,
  ]) {
    test(`${JSON.stringify(text).slice(0, 40)} is refused`, () => assert.equal(parseRedisUrl(text), null));
  }
});

test("no mistake of a store repeats a password", () => {
  const secret = fc.stringMatching(/^[a-zA-Z0-9]{12,40}$/);
  const places = [
    (secret: string) => `"${secret}"`,
    (secret: string) => `["${secret}"]`,
    (secret: string) => `"redis://:${secret}@redis"`,
    (secret: string) => `{ kind: redis, url: "redis://:${secret}@redis:0" }`,
    (secret: string) => `{ kind: redis, url: "redis://:${secret}@redis", tls: true }`,
    (secret: string) => `{ kind: redis, url: ["${secret}"] }`,
    (secret: string) => `{ kind: redis, password: "${secret}" }`,
    (secret: string) => `{ kind: redis, password: ["${secret}"] }`,
    (secret: string) => `{ kind: redis, password: { env: "a ${secret}" } }`,
    (secret: string) => `{ kind: redis, password: { file: ["${secret}"] } }`,
    (secret: string) => `{ kind: redis, passwrod: "${secret}" }`,
    (secret: string) => `{ kind: redis, cluster: ["${secret}@redis:6379"] }`,
    (secret: string) => `{ kind: redis, sentinel: { name: a, nodes: ["${secret}@redis"] } }`,
    (secret: string) => `{ kind: redis, sentinel: "${secret}" }`,
    (secret: string) => `{ kind: redis, tls: "${secret}" }`,
  ];
  fc.assert(
    fc.property(secret, fc.constantFrom(...places), (secret, place) => {
      const mistakes = mistakesIn(policyOf(place(secret)));
      assert.ok(mistakes.length > 0);
      assert.ok(!mistakes.join("\n").includes(secret), mistakes.join("\n"));
    }),
    { numRuns: 300 },
  );
});
