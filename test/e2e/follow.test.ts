import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientRequest } from "../../demo/gateway.js";
import { startTestStack, type TestStack } from "./stack.js";

const orders = "{ name: orders, version: v1, match: { pathPrefix: /orders } }";
const chat = "{ name: chat, version: v1, match: { pathPrefix: /chat/v1 }, ai: { provider: openai } }";

/** Requests that match no API have nowhere to go. */
const policyOf = (apis: readonly string[], more = "") => `
version: 1
${more}
apis:
${apis.map((api) => `  - ${api}\n`).join("")}`;

const backend = (name: string, url: string) =>
  `{ name: ${name}, version: v1, match: { pathPrefix: /${name} }, backends: { production: { url: "${url}" } } }`;

/** As the policy file has it, with the URLs of docker-compose.yml. */
const first = policyOf([backend("orders", "http://backend-production:8080")]);

describe("an Envoy that follows the policy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(first, undefined, { policy: first, config: { kind: "followed" } });
  });
  after(() => stack.stop());

  const get = (path: string): ClientRequest => ({ method: "GET", path, key: null });

  /** What clients see who never stop, on connections that they keep, while `change` happens. */
  async function statusesDuring(change: () => Promise<void>): Promise<Map<number, number>> {
    const statuses = new Map<number, number>();
    let going = true;
    const client = async () => {
      while (going) {
        const { status } = await stack.gateway.one(get("/orders/1"));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        // Leaves those a share of the processor who are to take the change up.
        await sleep(5);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await change();
    going = false;
    await Promise.all(clients);
    return statuses;
  }

  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!(await isSo())) {
      assert.ok(
        Date.now() < deadline,
        `${what}\n${await readFile(join(stack.folder, "envoy-config.log"), "utf8")}`,
      );
      await sleep(20);
    }
  }

  const answers = async (path: string) => (await stack.gateway.one(get(path))).status;

  test("serves an API that the policy comes to have, without a restart or a lost request", async () => {
    assert.equal(await answers("/reports/1"), 404);
    const before = new Set<number>();
    const statuses = await statusesDuring(async () => {
      await stack.setPolicy(
        policyOf([
          backend("orders", "http://backend-production:8080"),
          backend("reports", "http://backend-sandbox:8080"),
        ]),
      );
      // From one moment to the next: nothing between not there and there.
      await until("reports is served", async () => {
        const status = await answers("/reports/1");
        before.add(status);
        return status === 200;
      });
    });
    assert.deepEqual([...statuses.keys()], [200]);
    assert.deepEqual([...before], [404, 200]);
    const { body } = await stack.gateway.one(get("/reports/1"));
    assert.equal((JSON.parse(body) as { backend: string }).backend, "sandbox");
  });

  test("asks weir with what a new policy reads, and loses no request when its listener changes", async () => {
    const statuses = await statusesDuring(async () => {
      await stack.setPolicy(
        policyOf([
          backend("orders", "http://backend-production:8080"),
          backend("reports", "http://backend-sandbox:8080"),
          backend("stories", "http://llm:8080"),
        ]).replace("apis:", `identity: [{ apiKey: { header: x-tenant } }]\nanonymous: allow\napis:`),
      );
      const guessed = () => stack.gateway.one({ ...get("/reports/1"), headers: { "x-tenant": "guess" } });
      await until("x-tenant is read", async () => (await guessed()).status === 401);
    });
    assert.deepEqual([...statuses.keys()], [200]);
  });

  test("stops serving what the policy no longer has, and does not cut what is under way", async () => {
    const story = stack.gateway.chat("", true, { pieces: 30, pace_ms: 100 }, "/stories");
    await until("the story is begun", async () => stack.llm.answers.length > 0);
    const statuses = await statusesDuring(async () => {
      await stack.setPolicy(first);
      await until("reports is gone", async () => (await answers("/reports/1")) === 404);
    });
    assert.deepEqual([...statuses.keys()], [200]);
    assert.equal(await answers("/stories/1"), 404);
    const { body } = await story;
    assert.equal(stack.llm.answers[0]?.end, "complete");
    assert.match(body, /\[DONE\]/);
  });

  test("goes on with what it has when the policy is bad, or leads nowhere", async () => {
    const statuses = await statusesDuring(async () => {
      const log = () => readFile(join(stack.folder, "envoy-config.log"), "utf8");
      await stack.setPolicy("version: 2");
      await until("a bad policy is refused", async () => (await log()).includes("stays as it is"));
      await stack.setPolicy(policyOf([orders, chat]));
      await until("one without urls is refused", async () => (await log()).includes("orders/v1 has no url"));
    });
    assert.deepEqual([...statuses.keys()], [200]);
  });
});
