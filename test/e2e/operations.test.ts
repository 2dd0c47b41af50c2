import assert from "node:assert/strict";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { load } from "js-yaml";
import { Gateway } from "../../demo/gateway.js";
import { startEnvoy } from "../../demo/stack/envoy.js";
import { envoyConfig, printConfig } from "../../demo/stack/envoy-config.js";
import { startWeirProcess } from "../../demo/stack/weir.js";
import { patient, startTestStack, type TestStack } from "./stack.js";

const policy = `
version: 1
apis:
  - { name: chat, version: v1, match: { pathPrefix: /chat/v1 }, ai: { provider: openai }, limits: [{ totalTokens: 1000000, per: year }] }
  - { name: orders, version: v1, match: { pathPrefix: /orders } }
`;

describe("in operation", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policy);
  });
  after(() => stack.stop());

  test("a finished AI response leaves no stream to weir open", async () => {
    await Promise.all(Array.from({ length: 100 }, () => stack.gateway.chat("", false)));
    await stack.settled();
    const open = async () => {
      const url = `http://127.0.0.1:${stack.envoy.adminPort}/stats?filter=cluster.weir_ai.upstream_rq_active$`;
      const number = Number((await (await fetch(url)).text()).split(": ")[1]);
      assert.ok(Number.isInteger(number));
      return number;
    };
    // Without weir ending its side, Envoy would hold all hundred for `deferred_close_timeout`, 5 seconds.
    const deadline = Date.now() + 3000;
    while ((await open()) > 1) {
      assert.ok(Date.now() < deadline, `${await open()} streams are open`);
      await sleep(20);
    }
  });

  test("a weir that stops loses no request where there is another", async () => {
    const folder = join(stack.folder, "second");
    await mkdir(folder, { recursive: true });
    const policyFile = join(folder, "policy.yaml");
    await cp(join(stack.folder, "policy.yaml"), policyFile);
    const second = await startWeirProcess(policyFile, folder, { drainDelayMs: 3000 });
    const ports = [stack.weir.grpcPort, second.grpcPort];
    const envoy = await startEnvoy(await printConfig(policyFile, folder, ports, {}, patient), folder);
    const gateway = new Gateway(envoy.port, 8);
    try {
      const statuses = new Map<number, number>();
      let stopping = true;
      const client = async () => {
        while (stopping) {
          const { status } = await gateway.one({ method: "GET", path: "/orders/1", key: null });
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      };
      const clients = Array.from({ length: 8 }, client);
      await sleep(500);
      await second.stop(10_000);
      await sleep(300);
      stopping = false;
      await Promise.all(clients);
      assert.deepEqual([...statuses.keys()], [200]);
    } finally {
      gateway.close();
      await envoy.stop();
      await second.stop();
      await rm(folder, { recursive: true });
    }
  });
});

test("Envoy's health checks fit twice into the time that a stopping weir goes on", async () => {
  const config = load(envoyConfig("version: 1", [1])) as {
    static_resources: {
      clusters: { name: string; health_checks?: { interval: string; unhealthy_threshold: number }[] }[];
    };
  };
  const [check] = config.static_resources.clusters.find(({ name }) => name === "weir")?.health_checks ?? [];
  const serve = await readFile("src/cli/serve.ts", "utf8");
  const [, delayMs] = /"drain-delay-ms": \{[^}]*fallback: "(\d+)"/.exec(serve) ?? [];
  assert.ok(check && delayMs);
  assert.ok(Number.parseFloat(check.interval) * 1000 * check.unhealthy_threshold < Number(delayMs));
});
