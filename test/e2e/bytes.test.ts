import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientResponse } from "../../demo/gateway.js";
import { startWeirProcess } from "../../demo/stack/weir.js";
import { credential } from "../support/credential.js";
import { eventually } from "../support/weir.js";
import { startTestStack, type TestStack } from "./stack.js";

/** Years keep windows from ending under the tests. */
const policy = `
version: 1
tiers:
  Small: { limits: [{ bytes: 1000, per: year }] }
apis:
  - { name: api, version: v1, match: { pathPrefix: /api }, limits: [{ bytes: 2000, per: year }] }
  - { name: plain, version: v1, match: { pathPrefix: /plain } }
  - name: backend
    version: v1
    match: { pathPrefix: /backend }
    backends: { production: { limits: [{ bytes: 1 GB, per: year }] }, sandbox: { limits: [{ bytes: 3000, per: year }] } }
  - { name: chat, version: v1, match: { pathPrefix: /chat/v1 }, ai: { provider: openai }, limits: [{ bytes: 9 MB, per: year }] }
applications:
  - name: open
    subscriptions: { api/v1: Unlimited, plain/v1: Unlimited, backend/v1: Unlimited, chat/v1: Unlimited }
    credentials: [${credential("open")}, ${credential("open-sandbox", ", environment: sandbox")}]
  - name: small
    subscriptions: { plain/v1: Small }
    credentials: [${credential("small")}]
identity: [{ apiKey: { header: x-api-key } }]
`;

const codeOf = ({ body }: ClientResponse) => (JSON.parse(body) as { fault?: { code: number } }).fault?.code;
const statsOf = async ({ envoy }: TestStack) =>
  (await fetch(`http://127.0.0.1:${envoy.adminPort}/stats?filter=access_log`)).text();
const sizeOf = ({ body }: ClientResponse) => Buffer.byteLength(body);

/** Twice as long as Envoy holds entries back. */
const SETTLED_MS = 400;

describe("the bytes of requests and responses, through Envoy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policy);
  });
  after(() => stack.stop());

  const charged = (api: string) => stack.weir.metric("weir_bytes_total", { api: `${api}/v1` });
  const urlOf = (path: string) => `http://127.0.0.1:${stack.envoy.port}${path}`;
  const headers = { "x-api-key": "open" };
  const send = (path: string, key: string, body = "", method = "POST") =>
    stack.gateway.one({ method, path, key, body });

  /** How many entries Envoy has given to its logger so far. */
  const entriesTold = async () =>
    Number(/grpc_access_log.logs_written: (\d+)/.exec(await statsOf(stack))?.[1]);

  /** Waits for at least `expected` bytes to be charged, and then for the ones too many. */
  const settled = async (api: string, expected: number) => {
    await eventually(`${expected} bytes of ${api}`, async () => (await charged(api)) >= expected);
    await sleep(SETTLED_MS);
    assert.equal(await charged(api), expected);
  };

  test("an API's limit counts both bodies, the crossing request is delivered, and the next is denied", async () => {
    const first = await send("/api/a", "open", "x".repeat(700));
    await settled("api", 700 + sizeOf(first));
    const second = await send("/api/b?size=900", "open", "", "GET");
    await settled("api", 700 + sizeOf(first) + 900);
    const crossing = await send("/api/c?size=5000", "open", "y".repeat(300));
    assert.deepEqual([first.status, second.status, crossing.status], [200, 200, 200]);
    assert.equal(sizeOf(crossing), 5000);
    const total = 700 + sizeOf(first) + 900 + 300 + 5000;
    await settled("api", total);

    const denied = await send("/api/d", "open", "z".repeat(5000));
    assert.deepEqual([denied.status, codeOf(denied)], [429, 900800]);
    await settled("api", total);
  });

  test("a subscription's limit counts up to its last byte", async () => {
    assert.equal((await send("/plain/a?size=400", "small", "x".repeat(599))).status, 200);
    await settled("plain", 999);
    assert.equal((await send("/plain/b?size=1", "small", "", "GET")).status, 200);
    await settled("plain", 1000);
    const denied = await send("/plain/c", "small", "", "GET");
    assert.equal(codeOf(denied), 900804);
    await settled("plain", 1000);
  });

  test("Envoy tells nothing of requests that are not limited in bytes, or not let through", async () => {
    const told = await entriesTold();
    assert.equal((await send("/plain/a", "open", "x".repeat(500))).status, 200);
    assert.equal((await send("/plain/a", "small", "x".repeat(500))).status, 429);
    assert.equal((await send("/unlisted", "unknown")).status, 401);
    assert.equal((await send("/backend/a?size=1", "open")).status, 200);
    await settled("backend", 1);
    assert.equal(await entriesTold(), told + 1);
  });

  test("bodies without bytes cost nothing", async () => {
    const before = await charged("backend");
    const head = await send("/backend/a?size=5000", "open", "", "HEAD");
    assert.deepEqual([head.status, head.headers["content-length"]], [200, "5000"]);
    await settled("backend", before);
  });

  test("a backend's limit counts everybody, and each environment apart", async () => {
    const before = await charged("backend");
    assert.equal((await send("/backend/a?size=10000", "open")).status, 200);
    assert.equal((await send("/backend/a?size=2500", "open-sandbox")).status, 200);
    await settled("backend", before + 12_500);
    assert.equal((await send("/backend/a?size=2500", "open-sandbox")).status, 200);
    await settled("backend", before + 15_000);
    const denied = await send("/backend/a?size=2500", "open-sandbox");
    assert.deepEqual([denied.status, codeOf(denied)], [503, 900801]);
    await settled("backend", before + 15_000);
  });

  test("a body in chunks counts by its bytes, not by what frames it", async () => {
    const before = await charged("backend");
    const body = new Blob(["0123456789".repeat(50)]).stream();
    const response = await fetch(urlOf("/backend/a?size=100"), {
      method: "POST",
      headers,
      body,
      duplex: "half",
    });
    assert.equal((await response.text()).length, 100);
    await settled("backend", before + 600);
  });

  test("a download that the client gives up counts what was sent of it", async () => {
    const before = await charged("backend");
    const size = 50_000_000;
    const reader = (await fetch(urlOf(`/backend/a?size=${size}`), { headers })).body?.getReader();
    let received = 0;
    while (received < 1_000_000) received += (await reader?.read())?.value?.length ?? 0;
    await reader?.cancel();
    await eventually("it is charged", async () => (await charged("backend")) > before);
    await sleep(SETTLED_MS);
    const sent = (await charged("backend")) - before;
    assert.ok(sent >= received && sent < size, `${sent} charged of ${received} received`);
  });

  test("hundreds of requests at once are charged to the byte", async () => {
    const before = await charged("backend");
    const sizes = Array.from({ length: 400 }, (_, i) => ({ up: i % 97, down: 1 + ((i * 31) % 3000) }));
    const responses = await Promise.all(
      sizes.map(({ up, down }) => send(`/backend/a?size=${down}`, "open", "x".repeat(up))),
    );
    assert.ok(responses.every(({ status }) => status === 200));
    await settled("backend", before + sizes.reduce((sum, { up, down }) => sum + up + down, 0));
  });

  test("a response is charged its tokens and its bytes", async () => {
    const body = JSON.stringify({
      ...{ stream: true, stream_options: { include_usage: true }, cost: { prompt: 11, completion: 22 } },
      messages: [{ role: "user", content: "Was wiegt ein Fluß?" }],
    });
    const response = await send("/chat/v1/chat/completions", "open", body);
    await stack.settled();
    await settled("chat", Buffer.byteLength(body) + sizeOf(response));
    assert.equal(await stack.weir.metric("weir_tokens_total"), 33);
  });

  test("a weir that has been away is told of what ends after", async (t) => {
    const { grpcPort, child } = stack.weir;
    child.kill("SIGKILL");
    await child.exited;
    assert.equal((await send("/backend/a?size=10", "open")).status, 503);
    const folder = join(stack.folder, "second");
    await mkdir(folder);
    const second = await startWeirProcess(join(stack.folder, "policy.yaml"), folder, { grpcPort });
    t.after(() => second.stop());
    const passed = async () => (await send("/backend/a", "open", "", "HEAD")).status === 200;
    await eventually("Envoy finds it again", passed, 20_000);
    assert.equal((await send("/backend/a?size=1234", "open", "12345")).status, 200);
    const bytes = () => second.metric("weir_bytes_total");
    await eventually("it is charged", async () => (await bytes()) === 1239, 20_000);
  });
});

test("an Envoy that logs requests again and again while they run is heard once for each", async (t) => {
  const stack = await startTestStack(policy, (config) => {
    const options = "access_log_options: { access_log_flush_interval: 0.02s }";
    const chatty = config.replace(/^( +)access_log:\n/m, (line, indent) => `${indent}${options}\n${line}`);
    assert.notEqual(chatty, config);
    return chatty;
  });
  t.after(() => stack.stop());
  const body = JSON.stringify({ stream: true, pace_ms: 50 });
  const response = await stack.gateway.one({ method: "POST", path: "/chat/v1/x", key: "open", body });
  const expected = body.length + sizeOf(response);
  const charged = () => stack.weir.metric("weir_bytes_total");
  await eventually("it is charged", async () => (await charged()) >= expected);
  assert.equal(await charged(), expected);
  assert.match(await statsOf(stack), /logs_written: \d\d/, "it was logged ten times and more");
});
