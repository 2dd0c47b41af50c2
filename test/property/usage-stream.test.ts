import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { MemoryStore } from "../../src/counters/memory.js";
import { decide } from "../../src/decision/decide.js";
import type { Gate } from "../../src/decision/gate.js";
import type { Attendance } from "../../src/envoy/attendance.js";
import { AUTHZ_NAMESPACE, decisionMetadata } from "../../src/envoy/metadata.js";
import { UsageStream } from "../../src/envoy/usage-stream.js";
import { ProcessingRequest } from "../../src/envoy/wire/ext-proc-request.js";
import { LearnedEstimates } from "../../src/inference/estimate.js";
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
  route: { api: null, resource: null },
  metadata: new Map(),
};

/** How a stream may end. After the first of them, others may follow: Envoy closes what has ended. */
const endings = ["body", "trailers", "cancelled", "error", "end"] as const;

const response = fc.record({
  prompt: fc.integer({ min: 0, max: 300 }),
  completion: fc.integer({ min: 0, max: 300 }),
  streamed: fc.boolean(),
  compressed: fc.boolean(),
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

/** What Envoy's messages say of a response. */
interface Answer {
  prompt: number;
  completion: number;
  streamed: boolean;
  compressed: boolean;
  cuts: readonly number[];
  endings: readonly string[];
}

function attendanceOf(gate: Gate, metrics = createMetrics()): Attendance {
  return { gate, experience: new LearnedEstimates(), metrics, log: createLogger("silent") };
}

describe("the usage of a response", () => {
  test("is charged in full and once, however its bytes are split and however its stream ends", async () => {
    await fc.assert(
      fc.asyncProperty(response, async (answer) => {
        const store = new MemoryStore({ maxCounters: 1000 });
        const gate: Gate = { policy, store, now: () => START };
        const allowed = await decide(policy, store, chat, START);
        assert.equal(allowed.kind, "allow");

        const stream = new UsageStream(attendanceOf(gate));
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
  answer: Answer,
  metadata: ReturnType<typeof decisionMetadata>,
  body = bodyOf(answer),
): ProcessingRequest[] {
  const metadataContext = { filterMetadata: new Map([[AUTHZ_NAMESPACE, metadata]]) };
  const contentType = answer.streamed ? "text/event-stream" : "application/json";
  const encoding: [string, string][] = answer.compressed ? [["content-encoding", "gzip"]] : [];
  const headers = headersOf([[":status", "200"], ["content-type", contentType], ...encoding]);
  const pieces = split(answer.compressed ? gzipSync(body) : body, answer.cuts);
  return [
    message({ responseHeaders: { headers }, metadataContext, observabilityMode: true }),
    ...pieces.map((body, index) => {
      const endOfStream = index === pieces.length - 1 && answer.endings[0] === "body";
      return message({ responseBody: { body, endOfStream }, metadataContext, observabilityMode: true });
    }),
  ];
}

function headersOf(headers: readonly (readonly [string, string])[]) {
  return { headers: headers.map(([key, value]) => ({ key, rawValue: Buffer.from(value) })) };
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
    const answer = {
      prompt: 30,
      completion: 12,
      streamed: true,
      compressed: false,
      cuts: [20],
      endings: ["body"],
    };
    const [headers, ...bodies] = messages(answer, decisionMetadata(allowed));
    const stream = new UsageStream(attendanceOf(gate));
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

describe("a response's usage is found", () => {
  /** What is charged for a response to `path` of an API with such an `ai`. */
  async function chargedFor(ai: object, path: string, headers: [string, string][], body: Buffer) {
    const policy = policyOf({
      version: 1,
      gateway: { limits: [{ totalTokens: LIMIT, per: "minute" }] },
      apis: [{ name: "chat", version: "v1", match: { pathPrefix: "/" }, ai }],
    });
    const store = new MemoryStore({ maxCounters: 1000 });
    const gate: Gate = { policy, store, now: () => START };
    const allowed = await decide(policy, store, { ...chat, path }, START);
    const metadataContext = { filterMetadata: new Map([[AUTHZ_NAMESPACE, decisionMetadata(allowed)]]) };
    const metrics = createMetrics();
    const stream = new UsageStream(attendanceOf(gate, metrics));
    const responseHeaders = { headers: headersOf([[":status", "200"], ...headers]) };
    await stream.receive(message({ responseHeaders, metadataContext }));
    const isOver = await stream.receive(message({ responseBody: { body, endOfStream: true } }));
    assert.equal(isOver, true);
    const charges = [...policy.limits.values()].map((limit) => ({ limit, key: "", amount: 0 }));
    const { standings } = await store.charge(charges, START);
    const missing = await metrics.registry.getSingleMetricAsString("weir_settlements_total");
    return [standings[0]?.used, /reason="(\w+)"/.exec(missing)?.[1]];
  }
  const claude = Buffer.from('{"usage":{"input_tokens":3,"output_tokens":4}}');

  test("by the path of the request, which travels with the decision", async () => {
    assert.deepEqual(await chargedFor({}, "/llm/v1/messages?beta=true", [], claude), [7, "notReported"]);
    assert.deepEqual(await chargedFor({}, "/llm/v1/other", [], claude), [0, "notReported"]);
    assert.deepEqual(await chargedFor({}, `/${"x".repeat(600)}/v1/messages`, [], claude), [0, "notReported"]);
  });

  test("in the response's headers", async () => {
    const headers: [string, string][] = [
      ["x-amzn-bedrock-input-token-count", "5"],
      ["x-amzn-bedrock-output-token-count", "6"],
    ];
    assert.deepEqual(await chargedFor({ provider: "bedrock" }, "/", headers, Buffer.from("{}")), [
      11,
      "reported",
    ]);
  });

  test("where the policy says", async () => {
    const ai = { provider: "custom", usage: { input: "/usage/input_tokens", output: { header: "X-Out" } } };
    assert.deepEqual(await chargedFor(ai, "/", [["x-out", "20"]], claude), [23, "reported"]);
  });

  /** Tokens of an answer of which nothing can be known, unless the policy says otherwise. */
  const ASSUMED = 1024;

  test("not in a coding that nothing decodes, nor in what is not what its coding says", async () => {
    const ai = { provider: "anthropic" };
    const coded: [string, string][] = [["content-encoding", "compress"]];
    assert.deepEqual(await chargedFor(ai, "/", coded, claude), [ASSUMED, "encoded"]);
    const broken = gzipSync(claude).fill(0xff, 10);
    assert.deepEqual(await chargedFor(ai, "/", [["content-encoding", "gzip"]], broken), [ASSUMED, "encoded"]);
  });
});
