import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Admission, admissions, chatBy, hostOf, policyWith } from "./admissions.js";
import { type LedgerLine, ledgerOf, untilLedger } from "./ledger.js";
import { startTestStack, type TestStack } from "./stack.js";

const MAX = 100_000_000;

/** Numbers from 0 to 1 that are the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** When a client hangs up: when it has so many pieces, after so many milliseconds, or not at all. */
type HangUp = { readonly pieces: number } | { readonly afterMs: number } | null;

interface Plan {
  readonly body: object;
  readonly hangUp: HangUp;
}

describe("streams that are given up, through Envoy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policyWith(MAX, ", includeUsage: off"));
  });
  after(() => stack.stop());

  /** Sends a request and resolves when it is over, however that comes. */
  const run = (admission: Admission, { body, hangUp }: Plan) =>
    new Promise<void>((resolve) => {
      const options = {
        ...{ host: "127.0.0.1", port: stack.envoy.port, method: "POST", path: "/chat/v1/chat/completions" },
        headers: { host: hostOf(admission), "content-type": "application/json" },
        agent: false as const,
      };
      const outgoing = request(options, (response) => {
        response.on("error", () => resolve());
        response.on("end", () => resolve());
        let pieces = 0;
        const count = () => {
          if (hangUp && "pieces" in hangUp && pieces++ === hangUp.pieces) outgoing.destroy();
        };
        response.on("data", count);
        count();
      });
      outgoing.on("error", () => resolve());
      outgoing.end(JSON.stringify(body));
      if (hangUp && "afterMs" in hangUp) setTimeout(() => outgoing.destroy(), hangUp.afterMs);
    });

  for (const admission of admissions) {
    test(`${admission}: 200 at once are charged what they say they spent, or an estimate, each once`, async () => {
      const random = randomFrom(7);
      const known = new Set((await ledgerOf(stack)).map(({ requestId }) => requestId));
      const answersBefore = stack.llm.answers.length;
      const plans = Array.from({ length: 200 }, (_, i): Plan => {
        const told = [{ include_usage: true }, { include_usage: true, continuous_usage_stats: true }, {}][
          i % 3
        ];
        const cost = { prompt: 1 + Math.floor(random() * 50), completion: 20 + Math.floor(random() * 200) };
        const messages = [{ role: "user", content: "word ".repeat(cost.prompt) }];
        const stream = {
          stream: true,
          stream_options: told,
          pieces: 20,
          pace_ms: 15,
          delay_ms: (i % 4) * 30,
        };
        const body = { model: "double-1", messages, cost, max_tokens: 250, ...stream };
        if (i % 10 === 0) return { body, hangUp: { afterMs: Math.floor(random() * 400) } };
        return { body, hangUp: i % 2 === 0 ? { pieces: Math.floor(random() * 15) } : null };
      });
      await Promise.all(plans.map((plan) => run(admission, plan)));

      // Of those that hung up before their request was read, neither the model server nor weir need know.
      let lines: LedgerLine[] = [];
      const answers = () => stack.llm.answers.slice(answersBefore);
      const isSettled = () => {
        const ids = new Set(lines.map(({ requestId }) => requestId));
        return answers().every(({ requestId, end }) => end !== "under way" && ids.has(requestId));
      };
      const deadline = Date.now() + 15_000;
      do {
        assert.ok(Date.now() < deadline, `${lines.length} lines for ${answers().length} answers`);
        await sleep(100);
        lines = (await ledgerOf(stack)).filter(({ requestId }) => !known.has(requestId));
      } while (!isSettled());

      assert.equal(new Set(lines.map(({ requestId }) => requestId)).size, lines.length, "a line each");
      const byId = new Map(lines.map((line) => [line.requestId, line]));
      const kinds = { complete: 0, cut: 0 };
      for (const { requestId, told, end, prompt, completion } of answers()) {
        const line = byId.get(requestId);
        if (end === "complete" && told && line?.reason === "reported") {
          assert.deepEqual([line.usage.input, line.usage.output], [prompt, completion]);
          kinds.complete++;
        } else {
          assert.equal(line?.source, "estimate", JSON.stringify(line));
          assert.ok((line?.usage.output ?? 0) <= 250 && (line?.usage.input ?? 0) > 0, JSON.stringify(line));
          kinds.cut++;
        }
      }
      assert.ok(kinds.complete > 30 && kinds.cut > 80, JSON.stringify(kinds));

      // What the ledger says is what the counter holds, to the token.
      const before = (await ledgerOf(stack)).length;
      const last = await stack.gateway.one(chatBy(admission, {}));
      const held = (await untilLedger(stack, before + 1)).at(-1)?.reserved;
      const charged = lines.reduce((sum, { limits }) => sum + (limits[0]?.amount ?? 0), 0);
      const left = Number(last.headers["x-ratelimit-remaining-tokens"]);
      assert.equal(MAX - left - (held ? held.input + held.output : 0), charged);
      assert.equal(
        lines.reduce((sum, { usage }) => sum + usage.input + usage.output, 0),
        charged,
      );
    });
  }

  test("a client that does not wait for its response pays for the prompt", async () => {
    const lines = (await ledgerOf(stack)).length;
    const messages = [{ role: "user", content: "word ".repeat(400) }];
    const body = { model: "double-1", messages, delay_ms: 1500, max_tokens: 4000 };
    await run("reserve", { body, hangUp: { afterMs: 300 } });
    const line = (await untilLedger(stack, lines + 1)).at(-1);
    assert.deepEqual([line?.source, line?.reason, line?.usage.output], ["estimate", "aborted", 0]);
    const { input = 0 } = line?.usage ?? {};
    assert.ok(input > 300 && input < 800, `${input} tokens for 400 words`);
  });

  test("a weir that stops charges the streams under way: what is reserved for them, or what has passed", async () => {
    const lines = (await ledgerOf(stack)).length;
    const streams = admissions.flatMap((admission) =>
      Array.from({ length: 5 }, async () => {
        const response = await stack.gateway.one(
          chatBy(admission, { model: "double-2", max_tokens: 500, stream: true, pieces: 40, pace_ms: 100 }),
        );
        assert.match(response.body, /\[DONE\]/, "the client's stream goes on without weir");
      }),
    );
    const ended = Promise.allSettled(streams);
    await sleep(1000);
    await stack.weir.stop(5000);
    const stopped = (await ledgerOf(stack)).slice(lines);
    assert.equal(stopped.length, 10);
    for (const { api, source, reason, usage } of stopped) {
      assert.equal(reason, "stopping");
      assert.equal(source, api === "reserve/v1" ? "reservation" : "estimate");
      assert.ok(source === "estimate" ? usage.output < 60 : usage.output === 500, JSON.stringify(usage));
    }
    for (const outcome of await ended) assert.equal(outcome.status, "fulfilled");
  });
});
