import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { ProcessingResponse } from "../../src/envoy/wire/ext-proc-response.js";
import { BodySendMode, HeaderSendMode } from "../../src/envoy/wire/processing-mode.js";
import type { JsonObject } from "../../src/envoy/wire/struct.js";
import { policyOf } from "../property/policies.js";
import {
  type AdmissionServer,
  type Conversation,
  contextOf,
  headersOf,
  PATH,
  PATIENCE_MS,
  startAdmissionServer,
} from "./admission-server.js";

/** Longer than who admitted a request waits for others to charge it. */
const LONGER_MS = PATIENCE_MS + 100;

const reserving = { provider: "openai", admission: "reserve", includeUsage: "off" };
const limits = [{ requests: 10, totalTokens: 1000, per: "minute" }];

function contentOf(ai: object = reserving, api: object = { limits }, more: object = {}) {
  const chat = { name: "chat", version: "v1", match: { pathPrefix: "/chat" } };
  return {
    version: 1,
    headers: { xRateLimit: true, aiTokens: true },
    apis: [{ ...chat, ai, ...api }],
    ...more,
  };
}

const asking = { model: "m-1", messages: [{ role: "user", content: "What is a weir?" }], max_tokens: 100 };
const bodyOf = (value: unknown) => Buffer.from(JSON.stringify(value));

let weir: AdmissionServer;
afterEach(() => weir.stop());
const start = async (content: object = contentOf()) => {
  weir = await startAdmissionServer(policyOf(content));
};

const headers = (more: Record<string, string> = {}, endOfStream = false) => {
  const all = { ":path": PATH, ":method": "POST", "x-request-id": "r1", ...more };
  return { requestHeaders: { headers: headersOf(all), endOfStream } };
};

/** Begins a call with the headers of a request. */
async function begin(more: Record<string, string> = {}, endOfStream = false) {
  const authorized = await weir.authorized();
  const call = weir.open();
  const reply = await call.say({ ...headers(more, endOfStream), ...contextOf(authorized) });
  return { call, authorized, reply };
}

/** Has a request read, and what is answered to its body. */
async function ask(body: Buffer = bodyOf(asking), { more = {}, endOfStream = true } = {}) {
  const { call, authorized } = await begin(more);
  const reply = await call.say({ requestBody: { body, endOfStream } });
  const told = reply.dynamicMetadata?.["weir"] as JsonObject | undefined;
  const word = told ? { ...told } : null;
  return { call, authorized, reply, word };
}

/** Shows the head of the response to who admitted the request. */
function respond(
  { call, authorized, word }: { call: Conversation; authorized: JsonObject; word: JsonObject | null },
  more: Record<string, string> = {},
) {
  const head = { ":status": "200", "content-type": "application/json", ...more };
  return call.say({ responseHeaders: { headers: headersOf(head) }, ...contextOf(authorized, word) });
}

/** Which of its parts an answer has. */
const kindsOf = (reply: ProcessingResponse) =>
  Object.entries(reply).flatMap(([kind, value]) => (value === undefined || value === null ? [] : [kind]));

const setBy = (
  mutation: { setHeaders: { header?: { key: string; rawValue: Uint8Array } | undefined }[] } | undefined,
) =>
  Object.fromEntries(
    (mutation?.setHeaders ?? []).map(({ header }) => [
      header?.key,
      Buffer.from(header?.rawValue ?? []).toString(),
    ]),
  );

describe("a request to a model that waits for weir's word", () => {
  test("has its body asked for, then is let go with what is reserved, and ends with the response's headers", async () => {
    await start();
    const begun = await begin();
    assert.deepEqual(kindsOf(begun.reply), ["requestHeaders", "modeOverride"]);
    assert.deepEqual(begun.reply.modeOverride, {
      requestHeaderMode: HeaderSendMode.SEND,
      responseHeaderMode: HeaderSendMode.SEND,
      requestBodyMode: BodySendMode.BUFFERED_PARTIAL,
      responseBodyMode: BodySendMode.NONE,
      requestTrailerMode: HeaderSendMode.DEFAULT,
      responseTrailerMode: HeaderSendMode.DEFAULT,
    });
    await begun.call.cancel();

    const asked = await ask();
    assert.deepEqual(kindsOf(asked.reply), ["requestBody", "dynamicMetadata"]);
    const { id, stated, expected, holds, ...rest } = asked.word ?? {};
    assert.deepEqual(rest, { decision: "allow", model: "m-1" });
    assert.match(String(id), /^[0-9a-f-]{36}$/);
    assert.deepEqual(stated, expected);
    const [input, output] = expected as [number, number];
    assert.equal(output, 100);
    const reset = Date.UTC(2026, 0, 1, 12, 1);
    assert.deepEqual(holds, [["api:chat/v1:totalTokens:minute", "", input + output, reset]]);
    assert.deepEqual([weir.used("requests"), weir.used("totalTokens")], [2, input + output]);

    const answered = await respond(asked);
    assert.deepEqual(kindsOf(answered), ["responseHeaders"]);
    const set = setBy(answered.responseHeaders?.response?.headerMutation);
    assert.equal(set["x-ratelimit-limit"], "10");
    assert.equal(set["x-ratelimit-remaining-tokens"], String(1000 - input - output));
    assert.equal(set["x-ratelimit-remaining-requests"], "8");
    await asked.call.ended;
  });

  test("without a body is let go by its headers, and reserves nothing", async () => {
    await start();
    const { reply } = await begin({ ":method": "GET" }, true);
    assert.deepEqual(kindsOf(reply), ["requestHeaders", "dynamicMetadata", "modeOverride"]);
    const word = reply.dynamicMetadata?.["weir"] as JsonObject;
    assert.deepEqual([word["decision"], word["model"], word["holds"]], ["allow", undefined, []]);
    assert.deepEqual([weir.used("requests"), weir.used("totalTokens")], [1, 0]);
  });

  test("has trailers answered by their own kind", async () => {
    await start();
    const { call } = await ask();
    assert.deepEqual(kindsOf(await call.say({ requestTrailers: {} })), ["requestTrailers"]);
  });

  test("gives back what it reserves when Envoy answers in the backend's place without having heard", async () => {
    await start();
    const asked = await ask();
    await respond({ ...asked, word: null }, { ":status": "413" });
    await asked.call.ended;
    assert.deepEqual([weir.used("requests"), weir.used("totalTokens")], [1, 0]);
  });

  const gzipped = gzipSync(bodyOf(asking));
  const mistakes = {
    "no JSON": [Buffer.from("hello"), true],
    "an empty body": [Buffer.alloc(0), true],
    "JSON of another kind": [Buffer.from("[1,2"), true],
    "JSON that is not whole": [bodyOf(asking).subarray(0, 30), true],
    "the beginning of a longer body": [bodyOf(asking).subarray(0, 30), false],
    "text in no encoding": [Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0xc0, 0x22, 0x3a, 0x80]), true],
    "a body that is compressed": [gzipped, true],
    "brackets a hundred thousand deep": [Buffer.from("[".repeat(100_000)), true],
    "numbers beyond all measure": [Buffer.from('{"model":5,"max_tokens":1e999,"n":-1,"messages":{}}'), true],
  } as const;
  for (const [what, [body, endOfStream]] of Object.entries(mistakes)) {
    test(`is let go with a reservation though its body is ${what}`, async () => {
      await start();
      const { reply, word } = await ask(body, { endOfStream });
      assert.deepEqual(kindsOf(reply), ["requestBody", "dynamicMetadata"]);
      assert.equal(reply.requestBody?.response, undefined);
      assert.equal(word?.["decision"], "allow");
      assert.equal(weir.used("requests"), 1);
      assert.ok(weir.used("totalTokens") > 0);
    });
  }
});

describe("a request to a model that is denied when it is read", () => {
  const tight = [
    { requests: 10, per: "minute" },
    { totalTokens: 150, per: "minute" },
  ];
  const ai = { ...reserving, reservation: { maxShare: 1 } };
  const dialects = {
    "wso2-3": [
      "application/json",
      "Thu, 01 Jan 2026 12:01:00 GMT",
      /^\{"fault":\{"code":900800,"message":"Message throttled out"/,
    ],
    openai: [
      "application/json",
      "50",
      /^\{"error":\{"message":"Message throttled out: .*"type":"tokens".*"rate_limit_exceeded"/,
    ],
  } as const;
  for (const [format, [type, retryAfter, text]] of Object.entries(dialects)) {
    test(`is answered in the dialect ${format}, with the limits and a word for access logs, and charged nothing`, async () => {
      await start(contentOf(ai, { limits: tight, faults: { format } }));
      const first = await ask();
      const held = weir.used("totalTokens");
      const { call, reply, word } = await ask();
      assert.deepEqual(kindsOf(reply), ["immediateResponse", "dynamicMetadata"]);
      const { status, headers, body, details } = reply.immediateResponse ?? {};
      assert.deepEqual([status?.code, details], [429, "weir_denied"]);
      assert.match(Buffer.from(body ?? []).toString(), text);
      const set = setBy(headers);
      assert.deepEqual([set["content-type"], set["retry-after"]], [type, retryAfter]);
      assert.deepEqual([set["x-ratelimit-limit"], set["x-ratelimit-remaining"]], ["150", "0"]);
      assert.deepEqual(
        [set["x-ratelimit-remaining-requests"], set["x-ratelimit-limit-tokens"]],
        ["8", "150"],
      );
      assert.deepEqual(word, { decision: "deny", level: "api", limit: "api:chat/v1:totalTokens:minute" });
      await call.ended;
      assert.deepEqual([weir.used("requests"), weir.used("totalTokens")], [1, held]);
      await first.call.cancel();
    });
  }

  test("for its model is told so, with no limit that it could wait for", async () => {
    const models = { "m-1": {} };
    await start(contentOf(reserving, { limits }, { models, unknownModel: "deny" }));
    const { reply, word } = await ask(bodyOf({ ...asking, model: "m-2" }));
    assert.equal(reply.immediateResponse?.status?.code, 403);
    const set = setBy(reply.immediateResponse?.headers);
    assert.deepEqual([set["retry-after"], set["x-ratelimit-limit"]], [undefined, undefined]);
    assert.deepEqual(word, { decision: "deny", level: "modelUnknown" });
    assert.equal(weir.used("requests"), 0);
  });
});

describe("a call that breaks off", () => {
  test("while the store decides takes back what it reserved", async () => {
    await start();
    const { call } = await begin();
    const deciding = weir.hold();
    call.tell({ requestBody: { body: bodyOf(asking), endOfStream: true } });
    await deciding.reached;
    assert.ok(weir.used("totalTokens") > 100);
    await call.cancel();
    await weir.heard();
    deciding.goOn();
    await weir.heard();
    assert.deepEqual([weir.used("requests"), weir.used("totalTokens")], [1, 0]);
    await sleep(LONGER_MS);
    assert.deepEqual(weir.ledger, []);
  });

  test("while the store decides to deny it stays counted as a request, since it may pass", async () => {
    await start(contentOf(reserving, { limits: [{ requests: 10, totalTokens: 50, per: "minute" }] }));
    const { call } = await begin();
    const deciding = weir.hold();
    call.tell({ requestBody: { body: bodyOf({ ...asking, n: 100 }), endOfStream: true } });
    await deciding.reached;
    await call.cancel();
    await weir.heard();
    deciding.goOn();
    await weir.heard();
    await sleep(LONGER_MS);
    assert.equal(weir.used("requests"), 1);
  });

  test("while the store decides on a request that holds nothing yet is charged nothing either", async () => {
    const ai = { provider: "openai", admission: "charge-after", includeUsage: "inject" };
    await start(contentOf(ai, { limits: [{ totalTokens: 1000, per: "minute" }] }));
    const { call } = await begin();
    const deciding = weir.hold();
    call.tell({ requestBody: { body: bodyOf(asking), endOfStream: true } });
    await deciding.reached;
    await call.cancel();
    await weir.heard();
    deciding.goOn();
    await sleep(LONGER_MS);
    assert.equal(weir.used("totalTokens"), 0);
    assert.deepEqual(weir.ledger, []);
  });

  test("after the request was let go, before any response, is charged the prompt, a while later and once", async () => {
    await start();
    const { call, word } = await ask();
    const input = (word?.["expected"] as number[] | undefined)?.[0];
    await call.cancel();
    await sleep(PATIENCE_MS / 4);
    assert.equal(weir.ledger.length, 0);
    await sleep(LONGER_MS);
    assert.deepEqual(
      weir.ledger.map(({ source, reason, usage }) => [source, reason, usage.input, usage.output]),
      [["estimate", "aborted", input, 0]],
    );
    assert.deepEqual([weir.used("requests"), weir.used("totalTokens")], [1, input]);
  });

  test("because weir stops leaves what is reserved as it is", async () => {
    await start();
    await ask();
    const held = weir.used("totalTokens");
    await weir.stop();
    await sleep(LONGER_MS);
    assert.deepEqual([weir.used("requests"), weir.used("totalTokens")], [1, held]);
    assert.deepEqual(weir.ledger, []);
  });
});

describe("a streamed chat", () => {
  const streaming = { ...asking, stream: true };
  const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
  const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
  const startWith = (includeUsage: string) => start(contentOf({ ...reserving, includeUsage }));

  for (const includeUsage of ["inject", "hide"]) {
    test(`is made to ask for its usage by ${includeUsage}, and its length is not told`, async () => {
      await startWith(includeUsage);
      const length = String(bodyOf(streaming).length);
      const { reply } = await ask(bodyOf(streaming), { more: { "content-length": length } });
      const { bodyMutation, headerMutation } = reply.requestBody?.response ?? {};
      assert.deepEqual(headerMutation?.removeHeaders, ["content-length"]);
      assert.deepEqual(JSON.parse(Buffer.from(bodyMutation?.body ?? []).toString()), {
        ...streaming,
        stream_options: { include_usage: true },
      });
    });
  }

  test("is left as it is where it asks itself, is not seen whole, or does not stream", async () => {
    await startWith("hide");
    const options = { include_usage: true };
    const whole = await ask(bodyOf({ ...streaming, stream_options: options }));
    const part = await ask(bodyOf(streaming).subarray(0, 60), { endOfStream: false });
    const plain = await ask();
    for (const asked of [whole, part, plain]) {
      assert.equal(asked.reply.requestBody?.response, undefined);
      const reply = await respond(asked, { "content-type": "text/event-stream" });
      assert.equal(reply.modeOverride, undefined, "nothing is to be hidden");
      await asked.call.ended;
    }
  });

  test("has the chunk taken out that its client did not ask for, and the call lasts as long as its body", async () => {
    await startWith("hide");
    const asked = await ask(bodyOf(streaming));
    const head = await respond(asked, { "content-type": "text/event-stream; charset=utf-8" });
    const mutation = head.responseHeaders?.response?.headerMutation;
    assert.deepEqual(mutation?.removeHeaders, ["content-length"]);
    assert.equal(setBy(mutation)["x-ratelimit-limit-requests"], "10");
    assert.equal(head.modeOverride?.responseBodyMode, BodySendMode.STREAMED);
    const text = event({ choices: [{ delta: { content: "dam" } }] });
    const body = Buffer.from(`${text}${event({ choices: [], usage })}data: [DONE]\n\n`);
    let passed = "";
    for (let at = 0; at < body.length; at += 25) {
      const piece = { body: body.subarray(at, at + 25), endOfStream: at + 25 >= body.length };
      const reply = await asked.call.say({ responseBody: piece });
      assert.deepEqual(kindsOf(reply), ["responseBody"]);
      passed += Buffer.from(reply.responseBody?.response?.bodyMutation?.body ?? []).toString();
    }
    assert.equal(passed, `${text}data: [DONE]\n\n`);
    await asked.call.ended;
  });

  test("has nothing taken out of a response without a body", async () => {
    await startWith("hide");
    const { call, authorized, word } = await ask(bodyOf(streaming));
    const headers = headersOf({ ":status": "200", "content-type": "text/event-stream" });
    const ended = { responseHeaders: { headers, endOfStream: true }, ...contextOf(authorized, word) };
    assert.equal((await call.say(ended)).modeOverride, undefined);
    await call.ended;
  });

  test("has nothing taken out of a response that is no stream or that is compressed", async () => {
    await startWith("hide");
    for (const more of [
      { "content-type": "application/json" },
      { "content-type": "text/event-stream", "content-encoding": "gzip" },
    ]) {
      const asked = await ask(bodyOf(streaming));
      const reply = await respond(asked, more);
      assert.equal(reply.modeOverride, undefined);
      await asked.call.ended;
    }
  });
});
