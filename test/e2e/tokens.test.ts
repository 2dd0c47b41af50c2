import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientResponse } from "../../demo/gateway.js";
import { credential } from "../support/credential.js";
import { startTestStack, type TestStack } from "./stack.js";

const policy = `
version: 1
tiers:
  Tokens: { limits: [{ totalTokens: 1000, per: year }] }
  Prompts: { limits: [{ promptTokens: 300, per: year }] }
apis:
  - name: chat
    version: v1
    match: { pathPrefix: /chat/v1 }
    ai: { provider: openai }
    backends:
      production: { limits: [{ totalTokens: 100000, completionTokens: 90000, per: year }] }
      sandbox: { limits: [{ completionTokens: 200, per: year }] }
applications:
  - name: total
    subscriptions: { chat/v1: Tokens }
    credentials: [${credential("total")}, ${credential("total-sandbox", ", environment: sandbox")}]
  - name: prompts
    tier: Prompts
    subscriptions: { chat/v1: Unlimited }
    credentials: [${credential("prompts-ann", ", user: ann")}, ${credential("prompts-bob", ", user: bob")}]
  - name: free
    subscriptions: { chat/v1: Unlimited }
    credentials: [${credential("free")}]
identity: [{ apiKey: { header: x-api-key } }]
`;

describe("the tokens of AI responses, through Envoy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policy);
  });
  after(() => stack.stop());

  /** One answer that costs as much as is said, charged before the next request is sent. */
  const chat = async (
    key: string,
    stream: boolean,
    prompt: number,
    completion: number,
  ): Promise<ClientResponse> => {
    const response = await stack.gateway.chat(key, stream, { cost: { prompt, completion } });
    await stack.settled();
    return response;
  };
  const code = ({ body }: ClientResponse) => (JSON.parse(body) as { fault?: { code: number } }).fault?.code;

  test("a subscription's total counts JSON and streamed answers alike, and the crossing one is delivered", async () => {
    assert.equal((await chat("total", false, 300, 300)).status, 200);
    assert.equal((await chat("total", true, 100, 299)).status, 200);
    const crossing = await chat("total", true, 500, 500);
    assert.equal(crossing.status, 200);
    assert.match(crossing.body, /\[DONE\]/);
    const denied = await chat("total", false, 1, 1);
    assert.equal(denied.status, 429);
    assert.equal(code(denied), 900804);
  });

  test("prompt tokens are counted for each user of an application apart", async () => {
    assert.equal((await chat("prompts-ann", true, 300, 5)).status, 200);
    const denied = await chat("prompts-ann", true, 1, 1);
    assert.equal(code(denied), 900803);
    assert.equal((await chat("prompts-bob", true, 1, 1)).status, 200);
  });

  test("the sandbox has a maximum of its own, which production does not touch", async () => {
    assert.equal((await chat("prompts-bob", false, 1, 5000)).status, 200);
    const sandbox = await stack.gateway.chat("total-sandbox", false);
    assert.equal(code(sandbox), 900804, "the subscription is one over both environments");
  });

  test("a stream reaches the client piece by piece while it is metered", async () => {
    const pieces: number[] = [];
    const body = { stream: true, stream_options: { include_usage: true }, pace_ms: 40 };
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(
        {
          ...{ host: "127.0.0.1", port: stack.envoy.port, method: "POST", path: "/chat/v1/chat/completions" },
          headers: { "x-api-key": "free", "content-type": "application/json" },
        },
        (response) => {
          response.on("data", () => pieces.push(performance.now()));
          response.on("end", resolve);
        },
      );
      outgoing.on("error", reject);
      outgoing.end(JSON.stringify(body));
    });
    await stack.settled();
    assert.ok(pieces.length >= 5, `${pieces.length} pieces`);
    assert.ok((pieces.at(-1) ?? 0) - (pieces[0] ?? 0) > 200, "they came over time, not at the end");
  });

  test("fifty concurrent streams are charged what the model server spent, to the token", async () => {
    const before = await stack.weir.metric("weir_tokens_total");
    const spentBefore = stack.llm.spent.prompt + stack.llm.spent.completion;
    const costs = Array.from({ length: 200 }, (_, i) => ({ prompt: 1 + (i % 7), completion: 1 + (i % 11) }));
    const responses = await Promise.all(
      costs.map((cost, i) => stack.gateway.chat("free", i % 3 > 0, { cost })),
    );
    assert.deepEqual(
      [...new Set(responses.map(({ status, body }) => (status === 200 ? 200 : `${status} ${body}`)))],
      [200],
    );
    await stack.settled();
    const spent = stack.llm.spent.prompt + stack.llm.spent.completion - spentBefore;
    assert.equal(
      spent,
      costs.reduce((sum, cost) => sum + cost.prompt + cost.completion, 0),
    );
    assert.equal((await stack.weir.metric("weir_tokens_total")) - before, spent);
  });

  test("a stream goes on to its end when weir dies in the middle of it", async () => {
    const streaming = stack.gateway.chat("free", true, { pace_ms: 50 });
    await sleep(200);
    stack.weir.child.kill("SIGKILL");
    const { status, body } = await streaming;
    assert.equal(status, 200);
    assert.match(body, /\[DONE\]/);
  });
});
