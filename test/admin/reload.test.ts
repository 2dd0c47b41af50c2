import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { checkOf, eventually, startTestWeir, type TestWeir } from "../support/weir.js";

/** Years keep windows from ending under the tests. */
const policyOf = (orders: number, more = "") => `
version: 1
gateway: { limits: [{ requests: 1000, per: year }] }
apis:
  - { name: orders, version: v1, match: { pathPrefix: /orders }, limits: [{ requests: ${orders}, per: year }] }
  ${more}
`;
const CHAT =
  "- { name: chat, version: v1, match: { pathPrefix: /chat }, limits: [{ requests: 1, per: year }] }";

describe("a changed policy file", () => {
  let weir: TestWeir;
  beforeEach(async () => {
    weir = await startTestWeir(policyOf(3));
  });
  afterEach(() => weir.stop());

  const passes = async (path: string) => (await weir.check(checkOf(path))).status?.code === status.OK;
  const remaining = async (path: string) => {
    const reply = await weir.check(checkOf(path));
    const headers = reply.okResponse?.responseHeadersToAdd ?? [];
    return headers.find(({ header }) => header?.key === "x-ratelimit-remaining")?.header?.value;
  };
  const reloads = async (result: string) => {
    const [, count = "0"] =
      new RegExp(`weir_policy_reloads_total{result="${result}"} (\\d+)`).exec(await weir.metrics()) ?? [];
    return Number(count);
  };
  const change = async (text: string) => {
    await writeFile(`${weir.policyFile}.new`, text);
    await rename(`${weir.policyFile}.new`, weir.policyFile);
  };

  test("is taken over for the requests to come, and counted", async () => {
    assert.equal(await remaining("/chat"), "999");
    await change(policyOf(3, CHAT));
    await eventually("takes the policy", async () => (await reloads("taken")) === 1);
    assert.equal(await passes("/chat"), true);
    assert.equal(await passes("/chat"), false);
    assert.match(weir.log(), /"msg":"the changed policy is in force"/);
    assert.equal(await reloads("refused"), 0);
  });

  test("keeps the counts of the limits that it does not change", async () => {
    assert.equal(await remaining("/orders"), "2");
    assert.equal(await remaining("/orders"), "1");
    await change(policyOf(3, CHAT));
    await eventually("takes the policy", async () => (await reloads("taken")) === 1);
    assert.equal(await remaining("/orders"), "0");
    assert.equal(await passes("/orders"), false);
  });

  test("applies a changed number to the counts of the running window", async () => {
    assert.equal(await remaining("/orders"), "2");
    await change(policyOf(5));
    await eventually("takes the policy", async () => (await reloads("taken")) === 1);
    assert.equal(await remaining("/orders"), "3");
    await change(policyOf(1));
    await eventually("takes the policy", async () => (await reloads("taken")) === 2);
    assert.equal(await passes("/orders"), false);
  });

  test("is refused when it is bad: the old one stays in force, and the log says why", async () => {
    assert.equal(await remaining("/orders"), "2");
    await change(`${policyOf(100)}\nteirs: {}\n`);
    await eventually("refuses the policy", async () => (await reloads("refused")) === 1);
    assert.equal(await remaining("/orders"), "1");
    assert.equal(await reloads("taken"), 0);
    const line =
      weir
        .log()
        .split("\n")
        .find((text) => text.includes("refused")) ?? "{}";
    const { level, msg, reason, mistakes } = JSON.parse(line);
    assert.deepEqual([level, msg], ["error", "the changed policy is refused; the old one stays in force"]);
    assert.match(reason, /^1 mistake in .*policy\.yaml$/);
    assert.equal(mistakes.length, 1);
    assert.match(mistakes[0], /:\d+: teirs: unknown key "teirs"; did you mean "tiers"\?$/);
  });

  test("that is good again after a bad one is taken over", async () => {
    await change("version: 1\ngateway: [\n");
    await eventually("refuses the policy", async () => (await reloads("refused")) === 1);
    await change(policyOf(1));
    await eventually("takes the policy", async () => (await reloads("taken")) === 1);
    assert.equal(await passes("/orders"), true);
    assert.equal(await passes("/orders"), false);
  });

  test("tells its warnings in the log", async () => {
    const ai =
      "- { name: ai, version: v1, match: { pathPrefix: /ai }, ai: { provider: openai, onDisconnect: zero } }";
    await change(policyOf(3, ai));
    await eventually("takes the policy", async () => (await reloads("taken")) === 1);
    assert.match(weir.log(), /"level":"warn".*apis\[1\]\.ai\.onDisconnect: zero charges nothing/);
  });
});
