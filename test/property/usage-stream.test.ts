import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MemoryStore } from "../../src/counters/memory.js";
import { decide } from "../../src/decision/decide.js";
import type { Gate } from "../../src/decision/gate.js";
import { AUTHZ_NAMESPACE, decisionMetadata } from "../../src/envoy/metadata.js";
import { UsageStream } from "../../src/envoy/usage-stream.js";
import { ProcessingRequest } from "../../src/envoy/wire/ext-proc-request.js";
import type { HttpRequest } from "../../src/policy/request.js";
import { createLogger } from "../../src/telemetry/logger.js";
import { createMetrics } from "../support/metrics.js";
import { policyOf } from "./policies.js";

const START = Date.UTC(2026, 0, 1, 12, 0, 10);
const LIMIT = 100;

const policy = policyOf({
  version: 1,
  gateway: { limits: [{ totalTokens: LIMIT, promptTokens: LIMIT, completionTokens: LIMIT, per: "minute" }] },
  apis: [{ name: "chat", version: "v1", match: { pathPrefix: "/chat" }, ai: { provider: "openai" } }],
});

const chat: HttpRequest = {
  method: "POST",
  host: "gateway",
  path: "/chat/completions",
  headers: new Map(),
  peerAddress: "203.0.113.7",
  peerPrincipal: "",
  metadata: new Map(),
};

/** How a stream may end. After the first of them, others may follow: Envoy closes what has ended. */
const endings = ["body", "trailers", "cancelled", "error", "end"] as const;

const response = fc.record({
  prompt: fc.integer({ min: 0, max: 300 }),
  completion: fc.integer({ min: 0, max: 300 }),
  streamed: fc.boolean(),
  cuts: fc.array(fc.nat(), { maxLength: 12 }),
  endings: fc.array(fc.constantFrom(...endings), { minLength: 1, maxLength: 4 }),
});

function bodyOf({
  prompt,
  completion,
  streamed,
}: {
  prompt: number;
  completion: number;
  streamed: boolean;
}): Buffer {
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  if (!streamed) return Buffer.from(JSON.stringify({ model: "m", choices: [{ index: 0 }], usage }));
  const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
  return Buffer.from(
    `${event({ choices: [{ delta: { content: "é" } }], usage: null })}${event({ choices: [], usage })}data: [DONE]\n\n`,
  );
}

function split(body: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (body.length + 1)), body.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => body.subarray(at[index], end));
}

const runs = { numRuns: 400 };

describe("the usage of a response", () => {
  test("is charged in full and once, however its bytes are split and however its stream ends", async () => {
    await fc.assert(
      fc.asyncProperty(response, async (answer) => {
        const store = new MemoryStore({ maxCounters: 1000 });
        const gate: Gate = { policy, store, now: () => START };
        const allowed = await decide(policy, store, chat, START);
        assert.equal(allowed.kind, "allow");

        const stream = new UsageStream(gate, createMetrics(), createLogger("silent"));
        for (const message of messages(answer, decisionMetadata(allowed))) await stream.receive(message);
        for (const ending of answer.endings) {
          if (ending === "trailers") await stream.receive(message({ responseTrailers: {} }));
          else if (ending !== "body") await stream.end("aborted");
        }
        await stream.end("aborted");

        const charged = await chargedTo(store, START);
        const { prompt, completion } = answer;
        assert.deepEqual(charged, {
          totalTokens: prompt + completion,
          promptTokens: prompt,
          completionTokens: completion,
        });
        const next = await decide(policy, store, chat, START);
        assert.equal(next.kind, prompt + completion >= LIMIT ? "deny" : "allow");
        assert.equal((await decide(policy, store, chat, START + 60_000)).kind, "allow");
      }),
      runs,
    );
  });
});

function messages(
  answer: Parameters<typeof bodyOf>[0] & { cuts: readonly number[]; endings: readonly string[] },
  metadata: ReturnType<typeof decisionMetadata>,
): ProcessingRequest[] {
  const metadataContext = { filterMetadata: new Map([[AUTHZ_NAMESPACE, metadata]]) };
  const header = (key: string, value: string) => ({ key, rawValue: Buffer.from(value) });
  const contentType = answer.streamed ? "text/event-stream" : "application/json";
  const headers = { headers: [header(":status", "200"), header("content-type", contentType)] };
  const pieces = split(bodyOf(answer), answer.cuts);
  return [
    message({ responseHeaders: { headers }, metadataContext, observabilityMode: true }),
    ...pieces.map((body, index) => {
      const endOfStream = index === pieces.length - 1 && answer.endings[0] === "body";
      return message({ responseBody: { body, endOfStream }, metadataContext, observabilityMode: true });
    }),
  ];
}

/** As it comes out of the wire, defaults filled in. */
function message(init: Parameters<typeof ProcessingRequest.encode>[0]): ProcessingRequest {
  return ProcessingRequest.decode(ProcessingRequest.encode(init));
}

async function chargedTo(store: MemoryStore, now: number): Promise<Record<string, number>> {
  const charges = [...policy.limits.values()].map((limit) => ({ limit, key: "", amount: 0 }));
  const { standings } = await store.charge(charges, now);
  return Object.fromEntries(standings.map(({ charge, used }) => [charge.limit.unit, used]));
}

describe("a policy that changes while a response streams", () => {
  test("is charged by what it still has of the limits, though the API has another name by then", async () => {
    const store = new MemoryStore({ maxCounters: 1000 });
    const gate: Gate = { policy, store, now: () => START };
    const allowed = await decide(policy, store, chat, START);
    const answer = { prompt: 30, completion: 12, streamed: true, cuts: [20], endings: ["body"] };
    const [headers, ...bodies] = messages(answer, decisionMetadata(allowed));
    const stream = new UsageStream(gate, createMetrics(), createLogger("silent"));
    if (headers) await stream.receive(headers);
    gate.policy = policyOf({
      version: 1,
      gateway: { limits: [{ totalTokens: LIMIT, per: "minute" }] },
      apis: [{ name: "talk", version: "v1", match: { pathPrefix: "/chat" }, ai: { provider: "openai" } }],
    });
    for (const body of bodies) await stream.receive(body);
    const charges = [...gate.policy.limits.values()].map((limit) => ({ limit, key: "", amount: 0 }));
    const { standings } = await store.charge(charges, START);
    assert.deepEqual(
      standings.map(({ used }) => used),
      [42],
    );
  });
});
