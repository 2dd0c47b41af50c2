import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryStore } from "../../src/counters/memory.js";
import type { Gate } from "../../src/decision/gate.js";
import { LearnedEstimates } from "../../src/inference/estimate.js";
import { createLogger } from "../../src/telemetry/logger.js";
import type { LedgerLine } from "../e2e/ledger.js";
import { EnvoyExchange } from "../property/exchange.js";
import { policyOf } from "../property/policies.js";
import { createMetrics } from "../support/metrics.js";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 10);
const EVENTS = "text/event-stream";
const usage = { prompt_tokens: 300, completion_tokens: 50, total_tokens: 350 };
const event = (data: object) => Buffer.from(`data: ${JSON.stringify(data)}\n\n`);

/** A gateway with one AI API under these limits, and an exchange through it for some 600 tokens of prompt. */
function startExchange(limits: readonly object[], ai: object) {
  const policy = policyOf({
    version: 1,
    apis: [
      {
        name: "chat",
        version: "v1",
        match: { pathPrefix: "/chat" },
        limits,
        ai: { provider: "openai", ...ai },
      },
    ],
  });
  const store = new MemoryStore({ maxCounters: 100 });
  const gate: Gate = { policy, store, now: () => NOW };
  const ledger: LedgerLine[] = [];
  const log = createLogger("info", { write: (line: string) => void ledger.push(JSON.parse(line)) });
  const attendance = { gate, experience: new LearnedEstimates(), metrics: createMetrics(), log };
  const messages = [{ role: "user", content: "word ".repeat(600) }];
  const body = Buffer.from(JSON.stringify({ model: "m-1", messages, max_tokens: 500 }));
  const envoy = new EnvoyExchange(attendance, { id: "r1", key: "", body });
  const used = () => {
    const charges = [...policy.limits.values()].map((limit) => ({ limit, key: "", amount: 0 }));
    const { standings } = store.charge(charges, NOW);
    return Object.fromEntries(standings.map(({ charge: { limit }, used }) => [limit.id, used]));
  };
  return { envoy, ledger, used };
}

const tokens = { totalTokens: 10_000, per: "minute" };
const id = "api:chat/v1:totalTokens:minute";

describe("a client that goes while its response begins, before who admitted it is told of that", () => {
  const reserve = { admission: "reserve", reservation: { maxShare: 1 } };
  const endings = {
    "has been metered to its end": { status: "200", charged: 350 },
    "has failed": { status: "503", charged: 0 },
  };
  for (const [what, { status, charged }] of Object.entries(endings)) {
    test(`is charged once when the response ${what}`, async () => {
      const { envoy, ledger, used } = startExchange([tokens], reserve);
      await envoy.check();
      await envoy.admit(true);
      await envoy.letGo();
      await envoy.respond(status, EVENTS, ["metering"]);
      if (status === "200") await envoy.sendBody(event({ choices: [], usage }), true);
      await envoy.close(["metering", "admission"], false);
      assert.deepEqual(
        ledger.map(({ source }) => source),
        [status === "200" ? "response" : "none"],
      );
      assert.deepEqual(used(), { [id]: charged });
    });
  }
});

describe("a response that breaks off under onDisconnect: reservation", () => {
  for (const maxShare of [1, 0.01]) {
    test(`costs what it has told at the least, where a reservation takes ${maxShare} of the limit at the most`, async () => {
      const ai = { admission: "reserve", onDisconnect: "reservation", reservation: { maxShare } };
      const { envoy, used } = startExchange([tokens], ai);
      await envoy.check();
      await envoy.admit(true);
      await envoy.letGo();
      await envoy.respond("200", EVENTS);
      await envoy.sendBody(event({ choices: [{ delta: { content: "so" } }], usage }), false);
      await envoy.close(["metering", "admission"], false);
      assert.ok((used()[id] ?? 0) >= 350, `${used()[id]} for 350 that the response told`);
    });
  }
});

describe("a request that passed without being read", () => {
  test("is counted by the limits of the model that answered, and not by those of others", async () => {
    const limits = [
      { requests: 10, per: "minute" },
      { requests: 10, totalTokens: 1000, per: "minute", model: "m-*" },
      { requests: 10, totalTokens: 1000, per: "minute", model: "n-*" },
    ];
    const { envoy, used } = startExchange(limits, {});
    await envoy.check();
    await envoy.letGo();
    await envoy.respond("200", EVENTS);
    await envoy.sendBody(event({ model: "m-1", choices: [], usage }), true);
    assert.deepEqual(used(), {
      "api:chat/v1:requests:minute": 1,
      "api:chat/v1:requests:minute:model=m-*": 1,
      "api:chat/v1:totalTokens:minute:model=m-*": 350,
      "api:chat/v1:requests:minute:model=n-*": 0,
      "api:chat/v1:totalTokens:minute:model=n-*": 0,
    });
  });
});
