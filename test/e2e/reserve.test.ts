import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ClientResponse } from "../../demo/gateway.js";
import { waitUntil } from "../../demo/stack/process.js";
import { credential } from "../support/credential.js";
import { ledgerOf, untilLedger } from "./ledger.js";
import { startTestStack, type TestStack } from "./stack.js";

const policy = `
version: 1
models:
  "double-*": { price: { input: 10, output: 30 } }
  "dear-*": { price: { input: 100, output: 300 } }
unknownModel: deny
tiers:
  Tokens: { limits: [{ totalTokens: 1000, per: year }, { requests: 1000, per: year }] }
  Tight: { limits: [{ totalTokens: 100000, per: year }, { requests: 3, per: year }] }
  Dear: { limits: [{ totalTokens: 500, per: year, model: "dear-*" }] }
  Money: { limits: [{ spend: 0.01, per: year }] }
apis:
  - name: chat
    version: v1
    match: { pathPrefix: /chat/v1 }
    ai: { provider: openai, admission: reserve, reservation: { completionTokens: 100, maxShare: 1 } }
applications:
${["tokens", "tight", "dear", "money", "free", "status", "gone"]
  .map((name) => {
    const tiers: Record<string, string> = { tokens: "Tokens", tight: "Tight", dear: "Dear", money: "Money" };
    const tier = tiers[name] ?? "Tokens";
    return `  - { name: ${name}, subscriptions: { chat/v1: ${tier} }, credentials: [${credential(name)}] }`;
  })
  .join("\n")}
identity: [{ apiKey: { header: x-api-key } }]
`;

const code = ({ body }: ClientResponse) => (JSON.parse(body) as { fault?: { code: number } }).fault?.code;

describe("tokens reserved for a request to a model, through Envoy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policy);
  });
  after(() => stack.stop());

  const until = (isSo: () => Promise<boolean>) => waitUntil("the metric", isSo, stack.weir.child);

  /** What the limit had left for one whose answer is settled. */
  const left = async ({ headers }: ClientResponse) => {
    const reserved = (await ledgerOf(stack)).at(-1)?.reserved;
    const held = reserved ? reserved.input + reserved.output : 0;
    return Number(headers["x-ratelimit-remaining-tokens"]) + held;
  };

  /** One answer, settled before this returns. */
  const chat = async (key: string, more: object = {}, stream = false): Promise<ClientResponse> => {
    const lines = (await ledgerOf(stack)).length;
    const response = await stack.gateway.chat(key, stream, more);
    if (response.status === 200) await untilLedger(stack, lines + 1);
    return response;
  };

  test("are held while it runs, and become what it used", async () => {
    const running = stack.gateway.chat("tokens", false, { delay_ms: 500, max_tokens: 600 });
    await until(async () => (await stack.weir.metric("weir_reserved_tokens_total")) >= 600);
    const refused = await stack.gateway.chat("tokens", false, { max_tokens: 600 });
    assert.equal(refused.status, 429);
    assert.equal(code(refused), 900804);
    assert.equal((await running).status, 200);
    await untilLedger(stack, 1);
    const next = await chat("tokens", { max_tokens: 600 });
    assert.equal(next.status, 200);
    assert.equal(await left(next), 1000 - 100, "the answer cost 100");
  });

  test("charge nothing when another limit denies, and a request denied for them is not counted either", async () => {
    for (let i = 0; i < 3; i++) assert.equal((await chat("tight")).status, 200);
    const denied = await stack.gateway.chat("tight", false);
    assert.equal(denied.status, 429);
    for (let i = 0; i < 5; i++) {
      assert.equal((await stack.gateway.chat("tokens", false, { max_tokens: 5000 })).status, 429);
    }
    const passed = await chat("tokens", { max_tokens: 10 });
    assert.equal(passed.headers["x-ratelimit-remaining-requests"], String(1000 - 3));
  });

  test("are given back when the model server fails", async () => {
    const failed = await stack.gateway.chat("status", false, { status: 500, max_tokens: 900 });
    assert.equal(failed.status, 500);
    await until(async () => (await stack.weir.metric("weir_settlements_total", { reason: "refused" })) === 1);
    assert.equal(await left(await chat("status", { max_tokens: 900 })), 1000);
  });

  test("a model that the policy does not list is refused, one with limits of its own is held to them", async () => {
    const unknown = await stack.gateway.chat("free", false, { model: "gpt-none" });
    assert.equal(unknown.status, 403);
    assert.equal(code(unknown), 900908);
    assert.equal((await chat("dear", { model: "dear-1", cost: { prompt: 1, completion: 500 } })).status, 200);
    assert.equal((await stack.gateway.chat("dear", false, { model: "dear-1" })).status, 429);
    assert.equal((await chat("dear", { model: "double-1" })).status, 200);
  });

  test("money is held and spent like tokens", async () => {
    // 40 prompt tokens at 10 and 60 of the answer at 30 for a million: 0.0022.
    for (let i = 0; i < 4; i++) assert.equal((await chat("money", { max_tokens: 60 })).status, 200, `${i}`);
    const denied = await stack.gateway.chat("money", false, { max_tokens: 60 });
    assert.equal(denied.status, 429, "0.0012 are left, and 0.0018 are asked for");
  });
});

const asking = `
version: 1
apis:
${["off", "inject", "hide"]
  .map(
    (include, i) => `  - name: ${include}
    version: v1
    match: { hosts: [${include}.example.com], pathPrefix: /chat/v1 }
    limits: [{ totalTokens: ${1000 + i}, per: year }]
    ai: { provider: openai, includeUsage: ${include}, onMissingUsage: ${include === "off" ? "estimate" : "zero"} }`,
  )
  .join("\n")}
`;

describe("the usage that a streamed response tells only when asked, through Envoy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(asking);
  });
  after(() => stack.stop());

  const stream = async (api: string, options?: object) => {
    const lines = (await ledgerOf(stack)).length;
    const headers = { host: `${api}.example.com`, "content-type": "application/json" };
    const messages = [{ role: "user", content: "What is a weir? ".repeat(20) }];
    const body = { model: "double-1", messages, stream: true, ...(options && { stream_options: options }) };
    const response = await stack.gateway.one({
      ...{ method: "POST", path: "/chat/v1/chat/completions", key: null, headers },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 200);
    assert.match(response.body, /carry\. .*\[DONE\]\n\n$/s);
    const line = (await untilLedger(stack, lines + 1)).at(-1);
    return { response, line, hasUsage: /"choices":\[\],"usage":\{/.test(response.body) };
  };

  test("is asked for in the client's place, and the client gets to see it", async () => {
    const { line, hasUsage } = await stream("inject");
    assert.equal(line?.source, "response");
    assert.deepEqual([line.usage.input, line.usage.output, hasUsage], [40, 60, true]);
  });

  test("is asked for though the client refuses it", async () => {
    const { line } = await stream("inject", { include_usage: false });
    assert.deepEqual([line?.usage.input, line?.usage.output], [40, 60]);
  });

  test("is taken out again for clients that did not ask, and left to those that did", async () => {
    const without = await stream("hide");
    assert.deepEqual(
      [without.line?.usage.input, without.line?.usage.output, without.hasUsage],
      [40, 60, false],
    );
    const asked = await stream("hide", { include_usage: true });
    assert.deepEqual([asked.line?.usage.output, asked.hasUsage], [60, true]);
    const lines = (await ledgerOf(stack)).length;
    const plain = await stack.gateway.one({
      ...{ method: "POST", path: "/chat/v1/chat/completions", key: null },
      headers: { host: "hide.example.com", "content-type": "application/json" },
      body: JSON.stringify({ model: "double-1", messages: [] }),
    });
    assert.equal(JSON.parse(plain.body).usage.total_tokens, 100);
    await untilLedger(stack, lines + 1);
  });

  test("is estimated from what passed where nobody asked", async () => {
    const { line, hasUsage } = await stream("off");
    assert.equal(hasUsage, false);
    assert.deepEqual([line?.source, line?.reason], ["estimate", "notReported"]);
    const { input = 0, output = 0 } = line?.usage ?? {};
    assert.ok(input > 60 && input < 160, `${input} for a prompt of 80 words`);
    assert.ok(output >= 6 && output <= 30, `${output} for an answer of 11 words`);
  });

  test("a body longer than Envoy holds passes whole, and is charged by what the response says", async () => {
    const content = "y".repeat(3_000_000);
    const lines = (await ledgerOf(stack)).length;
    const response = await stack.gateway.one({
      ...{ method: "POST", path: "/chat/v1/chat/completions", key: null },
      headers: { host: "inject.example.com", "content-type": "application/json" },
      body: JSON.stringify({ model: "double-1", messages: [{ role: "user", content }] }),
    });
    assert.equal(response.status, 200);
    assert.equal((await untilLedger(stack, lines + 1)).at(-1)?.usage.output, 60);
  });
});
