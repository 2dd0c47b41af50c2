import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type ClientResponse, Gateway } from "../../demo/gateway.js";
import { type Stack, startStack } from "../../demo/stack/stack.js";
import { type Certificates, makeCertificates } from "../support/certificates.js";
import { credential } from "../support/credential.js";
import { type Asked, type Echo, startEcho } from "./echo.js";
import { patient } from "./stack.js";

const names = ["production", "sandbox", "fallback", "fallback-sandbox", "tls", "h2", "h2-tls"] as const;
type Name = (typeof names)[number];

const refs = [
  "none",
  "slash",
  "path",
  "path-slash",
  "root",
  "odd",
  "only-s",
  "only-p",
  "unlisted",
  "tls",
  "h2",
  "h2-tls",
];

/** Each name of a backend stands for its port. */
const policy = `
version: 1
onUnavailable: allow
gateway: { backends: { production: { url: "http://127.0.0.1:fallback" }, sandbox: { url: "http://127.0.0.1:fallback-sandbox" } } }
apis:
  - { name: none, version: v1, match: { pathPrefix: /none }, backends: { production: { url: "http://127.0.0.1:production" }, sandbox: { url: "http://127.0.0.1:sandbox" } } }
  - { name: slash, version: v1, match: { pathPrefix: /slash/v1 }, resources: [{ match: "GET /items/{id}" }], backends: { production: { url: "http://127.0.0.1:production/" } } }
  - { name: path, version: v1, match: { pathPrefix: /path }, backends: { production: { url: "http://127.0.0.1:production/x" }, sandbox: { url: "http://127.0.0.1:production/y" } } }
  - { name: path-slash, version: v1, match: { pathPrefix: /path-slash }, backends: { production: { url: "http://127.0.0.1:production/x/y/" } } }
  - { name: root, version: v1, match: { hosts: [root.example.com], pathPrefix: / }, backends: { production: { url: "http://127.0.0.1:production/x" } } }
  - { name: odd, version: v1, match: { pathPrefix: "/a+b/(c|d)/caf\u00e9" }, backends: { production: { url: "http://127.0.0.1:production/$1" } } }
  - { name: only-s, version: v1, match: { pathPrefix: /only-s }, backends: { sandbox: { url: "http://127.0.0.1:sandbox" } } }
  - { name: only-p, version: v1, match: { pathPrefix: /only-p }, backends: { production: {} } }
  - { name: unlisted, version: v1, match: { pathPrefix: /unlisted } }
  - { name: tls, version: v1, match: { pathPrefix: /tls }, backends: { production: { url: "https://localhost:tls" } } }
  - { name: h2, version: v1, match: { pathPrefix: /h2 }, backends: { production: { url: "http://127.0.0.1:h2/", http2: true } } }
  - { name: h2-tls, version: v1, match: { pathPrefix: /h2-tls }, backends: { production: { url: "https://localhost:h2-tls", http2: true } } }
applications:
  - name: mobile
    subscriptions: { ${refs.map((name) => `${name}/v1: Unlimited`).join(", ")} }
    credentials: [${credential("live")}, ${credential("test", ", environment: sandbox")}]
identity: [{ apiKey: { header: x-api-key } }]
`;

describe("what a policy says of backends", () => {
  let certificates: Certificates;
  let folder: string;
  let stack: Stack;
  let gateway: Gateway;
  const backends = new Map<Name, Echo>();
  before(async () => {
    certificates = await makeCertificates();
    const tls = certificates.server;
    const kinds = { tls: { tls }, h2: { http2: true }, "h2-tls": { http2: true, tls } };
    for (const name of names)
      backends.set(name, await startEcho(name, name in kinds ? kinds[name as keyof typeof kinds] : {}));
    folder = await mkdtemp(join(tmpdir(), "weir-backends-"));
    const located = policy.replace(
      /(127\.0\.0\.1|localhost):([a-z0-9-]+)/g,
      (_, host: string, name: Name) => {
        const { port } = backends.get(name) ?? assert.fail(name);
        return `${host}:${port}`;
      },
    );
    const edit = (config: string) =>
      patient(config).replaceAll("/etc/ssl/certs/ca-certificates.crt", certificates.caFile);
    stack = await startStack({ policy: located, folder, config: { kind: "printed", edit } });
    gateway = new Gateway(stack.envoy.port);
  });
  after(async () => {
    gateway?.close();
    await stack?.stop();
    for (const backend of backends.values()) await backend.stop();
    await certificates.remove();
    await rm(folder, { recursive: true });
  });

  async function ask(path: string, key: string | null = "live", headers: Record<string, string> = {}) {
    const response = await gateway.one({ method: "GET", path, key, headers });
    assert.equal(response.status, 200, `${path}: ${response.status} ${response.body}`);
    return JSON.parse(response.body) as Asked;
  }

  const seen = async (path: string, headers = {}) => (await ask(path, "live", headers)).path;

  test("a url without a path leaves the request's path as it is", async () => {
    assert.equal(await seen("/none/items?a=/none"), "/none/items?a=/none");
    assert.equal(await seen("/none"), "/none");
    assert.equal(await seen("/none/"), "/none/");
  });

  test("the path of a url takes the place of the API's prefix, and the query stays", async () => {
    assert.equal(await seen("/slash/v1/items/1?q=/slash/v1/x"), "/items/1?q=/slash/v1/x");
    assert.equal(await seen("/slash/v1/items/1/"), "/items/1/");
    assert.equal(await seen("/slash/v1/slash/v1"), "/slash/v1");
    assert.equal(await seen("/slash/v1"), "/");
    assert.equal(await seen("/slash/v1/"), "/");
    assert.equal(await seen("/slash/v1?q"), "/?q");
    assert.equal(await seen("/slash/v1//a//b/../c"), "/a/c");
    assert.equal(await seen("/path/items"), "/x/items");
    assert.equal(await seen("/path"), "/x/");
    assert.equal(await seen("/path-slash/items?x=1"), "/x/y/items?x=1");
    const host = { host: "root.example.com" };
    assert.equal(await seen("/", host), "/x/");
    assert.equal(await seen("/items", host), "/x/items");
    assert.equal(await seen("/none/items", host), "/x/none/items");
  });

  test("however the prefix is spelt", async () => {
    for (const path of [
      "/a+b/(c|d)/caf%C3%A9/i",
      "/a%2Bb/%28c%7cd)/caf%c3%a9/i",
      "/%61+b/(c%7Cd)/c%61f%C3%A9/i",
    ])
      assert.equal(await seen(path), "/$1/i");
  });

  test("a key's environment decides, and nothing that a client says of it", async () => {
    const forged = { "x-weir-environment": "sandbox" };
    for (const [path, key, headers, backend] of [
      ["/none", "live", {}, "production"],
      ["/none", "live", forged, "production"],
      ["/none", null, forged, "production"],
      ["/none", "test", {}, "sandbox"],
      ["/none", "test", { "x-weir-environment": "production" }, "sandbox"],
      ["/only-s/a", "test", {}, "sandbox"],
      ["/only-p/a", "live", {}, "fallback"],
      ["/unlisted/a", "live", {}, "fallback"],
      ["/unlisted/a", "test", {}, "fallback-sandbox"],
      ["/elsewhere", "live", {}, "fallback"],
      ["/elsewhere", "test", {}, "fallback-sandbox"],
    ] as const) {
      const asked = await ask(path, key, headers);
      assert.equal(asked.backend, backend, `${path} with ${key}`);
      assert.equal(asked.headers["x-weir-environment"], key === "test" ? "sandbox" : "production");
    }
    assert.equal((await ask("/path/a", "test")).path, "/y/a");
  });

  test("an environment that an API does not list is refused", async () => {
    for (const [path, key] of [
      ["/only-s", "live"],
      ["/only-p", "test"],
      ["/slash/v1/items/1", "test"],
    ] as const)
      assert.equal((await gateway.one({ method: "GET", path, key })).status, 401, path);
  });

  test("what a backend could take for another API's than Envoy does is refused", async () => {
    for (const path of [
      "/h2;v=1/items",
      "/slash/v1;v=1/items/1",
      "/slash%3Bv=1/v1",
      "/none/%2e%2e;/h2/1",
      "/;/h2/1",
    ]) {
      const { status } = await gateway.one({ method: "GET", path, key: "live" });
      assert.equal(status, 404, path);
    }
    assert.equal(await seen("/slash/v1/items;v=1/1"), "/items;v=1/1");
  });

  test("no client can say that its request was not decided on", async () => {
    const { headers } = await ask("/none", "live", { "x-envoy-auth-failure-mode-allowed": "true" });
    assert.equal(headers["x-envoy-auth-failure-mode-allowed"], undefined);
  });

  test("nor say it, or its environment, to a backend that takes underscores in headers for hyphens", async () => {
    const spelt = ["x_weir_environment", "x-weir_environment", "x_envoy-auth_failure_mode_allowed"];
    const given = Object.fromEntries([...spelt, "x_other"].map((name) => [name, "sandbox"]));
    const { headers } = await ask("/none", "live", given);
    for (const name of spelt) assert.equal(headers[name], undefined, name);
    assert.equal(headers["x_other"], "sandbox");
  });

  test("a backend behind TLS is asked by its own name, and told the client's", async () => {
    const { backend, host, headers } = await ask("/tls/a", "live", { host: "api.example.com:8443" });
    assert.deepEqual([backend, host], ["tls", "localhost"]);
    assert.equal(headers["x-forwarded-host"], "api.example.com:8443");
    assert.equal((await ask("/none", "live", { host: "api.example.com" })).host, "api.example.com");
  });

  test("a backend that speaks HTTP/2 alone is spoken to in HTTP/2", async () => {
    assert.deepEqual(
      await ask("/h2/a").then(({ backend, path, httpVersion }) => [backend, path, httpVersion]),
      ["h2", "/a", "2.0"],
    );
    assert.deepEqual(
      await ask("/h2-tls/a").then(({ backend, host, httpVersion }) => [backend, host, httpVersion]),
      ["h2-tls", "localhost", "2.0"],
    );
    assert.equal((await ask("/none")).httpVersion, "1.1");
  });

  test("with onUnavailable: allow, requests pass while weir is away, to production", async () => {
    await stack.weir.stop();
    for (const key of ["live", "test", "unknown", null]) {
      const asked = await ask("/none", key, { "x-weir-environment": "sandbox" });
      assert.equal(asked.backend, "production");
      assert.equal(asked.headers["x-envoy-auth-failure-mode-allowed"], "true");
      assert.equal(asked.headers["x-weir-environment"], undefined);
    }
  });

  test("Envoy's log has the path that the client asked for, but no key of its query", async () => {
    const path = "/slash/v1/in-the-log";
    await ask(`${path}?key=secret`);
    // It writes what it holds back when it ends.
    await stack.envoy.stop();
    const log = await readFile(join(folder, "envoy.log"), "utf8");
    const line = log.split("\n").find((text) => text.includes("in-the-log")) ?? assert.fail(log.slice(-1000));
    assert.equal(JSON.parse(line).path, path);
    assert.ok(!log.includes("secret"));
  });
});

describe("a policy that says little of backends", () => {
  let folder: string;
  let stack: Stack;
  let gateway: Gateway;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-backends-"));
    const text = `
version: 1
gateway: { limits: [{ requests: 3, per: year }] }
apis: [{ name: a, version: v1, match: { pathPrefix: /a }, backends: { production: { url: "http://backend-production:8080" } } }]
`;
    stack = await startStack({ policy: text, folder, config: { kind: "printed", edit: patient } });
    gateway = new Gateway(stack.envoy.port);
  });
  after(async () => {
    gateway.close();
    await stack.stop();
    await rm(folder, { recursive: true });
  });

  const statusOf = ({ status }: ClientResponse) => status;
  const ask = async (path: string) => statusOf(await gateway.one({ method: "GET", path, key: null }));

  test("has Envoy answer 404 to what no API matches, when weir has counted it", async () => {
    assert.deepEqual(
      [await ask("/b"), await ask("/a"), await ask("/"), await ask("/b")],
      [404, 200, 404, 429],
    );
  });

  test("has Envoy answer 503 while weir is away", async () => {
    await stack.weir.stop();
    assert.deepEqual([await ask("/a"), await ask("/b")], [503, 503]);
    assert.equal(stack.production.requests, 1);
  });
});
