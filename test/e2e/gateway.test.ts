import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { credential } from "../support/credential.js";
import { startTestStack, type TestStack } from "./stack.js";

const policy = `
version: 1
apis:
  - name: orders
    version: v1
    match: { pathPrefix: /orders }
    resources: [{ match: "GET /fast", limits: [{ requests: 3, per: 2 seconds }] }]
applications:
  - name: mobile
    subscriptions: { orders/v1: Unlimited }
    credentials: [${credential("mobile")}, ${credential("mobile-sandbox", ", environment: sandbox")}]
  - name: idle
    credentials: [${credential("idle")}]
identity:
  - apiKey: { header: x-api-key }
  - trusted: { application: x-weir-application, user: x-weir-user }
`;

const backendOf = (body: string) => (JSON.parse(body) as { backend?: string }).backend;

describe("the gateway", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policy);
  });
  after(() => stack.stop());

  const orders = (headers: Record<string, string>, key: string | null = null) =>
    stack.gateway.one({ method: "GET", path: "/orders/1", key, headers });

  test("routes by the environment of the credential", async () => {
    assert.equal(backendOf((await orders({}, "mobile")).body), "production");
    assert.equal(backendOf((await orders({}, "mobile-sandbox")).body), "sandbox");
    assert.equal(backendOf((await orders({})).body), "production");
  });

  test("gives a client nothing for an x-weir-environment of its own", async () => {
    const forged = { "x-weir-environment": "sandbox" };
    assert.equal(backendOf((await orders(forged, "mobile")).body), "production");
    assert.equal(backendOf((await orders(forged)).body), "production");
    const other = { "X-Weir-Environment": "production" };
    assert.equal(backendOf((await orders(other, "mobile-sandbox")).body), "sandbox");
  });

  test("gives a client nothing for a trusted header of its own", async () => {
    // `idle` has no subscription, so to be taken for it would be a 403.
    const { status } = await orders({ "x-weir-application": "idle", "x-weir-user": "ann" });
    assert.equal(status, 200);
  });

  test("lets requests in again when the window has ended", async () => {
    const fast = () => stack.gateway.one({ method: "GET", path: "/orders/fast", key: "mobile" });
    await sleep(2000 - (Date.now() % 2000) + 20);
    for (let i = 0; i < 3; i++) assert.equal((await fast()).status, 200);
    const denied = await fast();
    assert.equal(denied.status, 429);
    assert.equal(denied.headers["x-ratelimit-limit"], "3");
    assert.equal(denied.headers["x-ratelimit-remaining"], "0");
    const opensAt = Date.parse(String(denied.headers["retry-after"]));
    assert.ok(opensAt > Date.now() && opensAt <= Date.now() + 2000);
    await sleep(opensAt - Date.now() + 20);
    assert.equal((await fast()).status, 200);
  });

  test("refuses a header set of 10 MB and goes on", async () => {
    const status = await new Promise<string>((resolve, reject) => {
      const socket = connect(stack.envoy.port, "127.0.0.1");
      let answer = "";
      socket.on("data", (chunk) => {
        answer += chunk.toString("latin1");
      });
      // Envoy answers and closes while the client still writes.
      socket.on("error", () => {});
      socket.on("close", () => resolve(answer.split("\r\n")[0] ?? ""));
      socket.setTimeout(10_000, () => reject(new Error("no answer")));
      socket.write("GET /orders/1 HTTP/1.1\r\nhost: gateway\r\n");
      for (let i = 0; i < 1000; i++) socket.write(`x-${i}: ${"v".repeat(10_000)}\r\n`);
      socket.write("\r\n");
    });
    assert.match(status, /^(HTTP\/1\.1 431|$)/);
    assert.equal((await orders({}, "mobile")).status, 200);
  });

  test("answers 503 to everything while weir is gone", async () => {
    stack.weir.child.kill("SIGKILL");
    await stack.weir.child.exited;
    const { status } = await orders({}, "mobile");
    assert.equal(status, 503);
  });
});

test("without the stripping in Envoy's configuration, those headers would be believed", async () => {
  const stack = await startTestStack(policy, (config) => {
    const open = config.replaceAll("x[-_]weir[-_]application", "x-weir-no-application");
    assert.notEqual(open, config);
    return open;
  });
  try {
    const headers = { "x-weir-application": "idle" };
    const { status } = await stack.gateway.one({ method: "GET", path: "/orders/1", key: null, headers });
    assert.equal(status, 403);
  } finally {
    await stack.stop();
  }
});
