import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryStore } from "../../src/counters/memory.js";
import type { CounterStore } from "../../src/counters/store.js";
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
  const wouldDeny = async () => {
    const text = await attendance.metrics.registry.getSingleMetricAsString("weir_would_deny_total");
    return Number(/} (\d+)/.exec(text)?.[1] ?? 0);
  };
  return { envoy, ledger, used, wouldDeny, gate, store };
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

describe("a limit that only watches, of an API whose requests are read", () => {
  const answered = async ({ envoy }: ReturnType<typeof startExchange>) => {
    await envoy.check();
    await envoy.admit(true);
    await envoy.letGo();
    await envoy.respond("200", EVENTS);
    await envoy.sendBody(event({ choices: [], usage }), true);
    await envoy.close(["metering", "admission"], false);
  };
  const full = (gate: Gate, store: MemoryStore, amount: number) => {
    const [limit] = gate.policy.limits.values();
    if (limit) store.add([{ limit, key: "", amount }], NOW);
    return limit?.id ?? "";
  };

  test("counts nothing when it is full, and is told as what would have denied", async () => {
    for (const limit of [{ requests: 1 }, { totalTokens: 100 }]) {
      const exchange = startExchange([{ ...limit, per: "minute", shadow: true }], { admission: "reserve" });
      const [amount] = Object.values(limit);
      const watching = full(exchange.gate, exchange.store, amount ?? 0);
      await answered(exchange);
      assert.deepEqual(exchange.used(), { [watching]: amount }, JSON.stringify(limit));
      assert.equal(await exchange.wouldDeny(), 1);
    }
  });

  test("counts nothing of a request whose reservation it had no room for", async () => {
    const exchange = startExchange([{ totalTokens: 1000, per: "minute", shadow: true }], {
      ...{ admission: "reserve", reservation: { maxShare: 1 } },
    });
    const watching = full(exchange.gate, exchange.store, 950);
    await answered(exchange);
    assert.deepEqual(exchange.used(), { [watching]: 950 });
    assert.equal(await exchange.wouldDeny(), 1);
  });
});

describe("a number that is lowered between the decision and the admission", () => {
  test("denies nothing that was charged before, and leaves nothing held", async () => {
    const limits = (requests: number) => [{ requests, totalTokens: 10_000, per: "minute" }];
    const { envoy, gate, store, used } = startExchange(limits(10), { admission: "reserve" });
    const lowered = startExchange(limits(5), { admission: "reserve" }).gate.policy;
    const requests = [...gate.policy.limits.values()].find(({ unit }) => unit === "requests");
    if (requests) store.add([{ limit: requests, key: "", amount: 5 }], NOW);
    await envoy.check();
    gate.policy = lowered;
    const { kind } = await envoy.admit(true);
    assert.equal(kind, "admitted");
    assert.equal(used()["api:chat/v1:requests:minute"], 6);
  });
});

describe("where the counters cannot say who was first", () => {
  test("who saw the response charges it, and who admitted it leaves it at that", async () => {
    const { envoy, gate, store, ledger, used } = startExchange([tokens], { includeUsage: "inject" });
    await envoy.check();
    await envoy.admit(true);
    await envoy.letGo();
    const away: CounterStore = {
      charge: () => ({ kind: "uncounted", admitted: true }),
      add: (charges, now) => store.add(charges, now),
      adjust: (adjustments, now) => store.adjust(adjustments, now),
    };
    Object.assign(gate, { store: away });
    await envoy.respond("200", EVENTS, ["metering"]);
    await envoy.sendBody(event({ choices: [], usage }), true);
    await envoy.close(["admission", "metering"], false);
    assert.equal(ledger.length, 1);
    assert.deepEqual(used(), { [id]: 350 });
  });
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
