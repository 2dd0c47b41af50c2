import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { AUTHZ_NAMESPACE } from "../../src/envoy/metadata.js";
import { CheckRequest } from "../../src/envoy/wire/authz.js";
import { checkOf, eventually, startTestWeir, type TestWeir } from "../support/weir.js";

const policy = `
version: 1
apis:
  - name: chat
    version: v1
    match: { pathPrefix: /chat }
    ai: { provider: openai }
    limits: [{ totalTokens: 1000, per: year }]
`;

const usage = '{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}';

describe("calls that are not what they should be", () => {
  let weir: TestWeir;
  before(async () => {
    weir = await startTestWeir(policy);
  });
  after(() => weir.stop());

  /** Whatever came before, the next request is decided as ever. */
  const stillServes = async () => assert.equal((await weir.check(checkOf("/chat"))).status?.code, status.OK);

  const malformed = {
    "random bytes": Buffer.from("this is no protobuf message at all, not even a little"),
    "a truncated message": CheckRequest.encode(checkOf("/chat")).subarray(0, 40),
    "a length beyond the end": Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f]),
    "a field of another type": Buffer.from([0x08, 0x01]),
    "metadata nested two thousand levels deep": nested(2_000),
  };
  for (const [what, bytes] of Object.entries(malformed)) {
    test(`a CheckRequest of ${what} ends in an error that says so, and no crash`, async () => {
      await assert.rejects(weir.checkBytes(bytes), { code: status.INTERNAL });
      await stillServes();
    });
  }

  test("a CheckRequest that describes no HTTP request is an invalid argument", async () => {
    await assert.rejects(weir.checkBytes(Buffer.alloc(0)), {
      code: status.INVALID_ARGUMENT,
      details: /no method or path/,
    });
    await assert.rejects(weir.check(checkOf("", { method: "GET" })), { code: status.INVALID_ARGUMENT });
    await stillServes();
  });

  test("a header set of 70 MB is refused for its size", async () => {
    const headers = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`x-${i}`, "v".repeat(70_000)]),
    );
    await assert.rejects(weir.check(checkOf("/chat", { headers })), { code: status.RESOURCE_EXHAUSTED });
    await stillServes();
  });

  test("a header set of 3 MB, within the bound, is decided on", async () => {
    const headers = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`x-${i}`, "v".repeat(10_000)]));
    assert.equal((await weir.check(checkOf("/chat", { headers }))).status?.code, status.OK);
  });

  test("paths that are no paths are decided on like any that matches nothing", async () => {
    for (const path of [
      "*",
      "//",
      "/%",
      "/%zz/%00",
      "http://other/chat",
      `/${"a/".repeat(20_000)}`,
      "?",
      "/../..",
    ]) {
      assert.equal((await weir.check(checkOf(path))).status?.code, status.OK, path.slice(0, 40));
    }
  });

  test("a Process stream that dies midway is charged what it had told", async () => {
    const before = await charged(weir);
    const call = weir.process();
    call.on("error", () => {});
    call.write({ ...responseHeaders("text/event-stream"), ...context() });
    call.write({
      responseBody: { body: Buffer.from(`data: ${usage}\n\ndata: {"cho`) },
      observabilityMode: true,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    call.cancel();
    await eventually("the usage is charged", async () => (await charged(weir)) === before + 7);
    await stillServes();
  });

  test("a Process stream of garbage ends in an error, and no crash", async () => {
    const path = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
    const call = weir.client.makeBidiStreamRequest(
      path,
      (raw: Buffer) => raw,
      (raw: Buffer) => raw,
    );
    const failed = once(call, "error");
    call.write(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0x7f]));
    call.on("data", () => {});
    const [error] = await failed;
    assert.equal(error.code, status.INTERNAL);
    await stillServes();
  });

  const bodies = {
    "text that is no JSON": "hello",
    "JSON cut in the middle": '{"usage":{"prompt_tokens":',
    "JSON of another kind": "[1,2,3]",
    "nothing at all": "",
    null: "null",
  };
  for (const [what, body] of Object.entries(bodies)) {
    test(`a response body of ${what} has no text to charge, and is counted as estimated`, async () => {
      const before = await charged(weir);
      const missing = await count(
        weir,
        'weir_settlements_total{api="chat/v1",source="estimate",reason="notReported"}',
      );
      const call = weir.process();
      call.on("data", () => {});
      call.write({ ...responseHeaders("application/json"), ...context() });
      call.write({ responseBody: { body: Buffer.from(body), endOfStream: true }, observabilityMode: true });
      call.end();
      await once(call, "end");
      await eventually("the miss is counted", async () => {
        const name = 'weir_settlements_total{api="chat/v1",source="estimate",reason="notReported"}';
        return (await count(weir, name)) === missing + 1;
      });
      assert.equal(await charged(weir), before);
    });
  }

  test("metadata that no weir wrote meters nothing", async () => {
    const before = await charged(weir);
    for (const value of [
      null,
      5,
      "weir",
      [],
      { api: 1 },
      { api: "chat/v1", usage: "x" },
      { api: "?", usage: [[1, 2]] },
    ]) {
      const call = weir.process();
      call.on("data", () => {});
      call.write({ ...responseHeaders("application/json"), ...context(value) });
      call.write({ responseBody: { body: Buffer.from(usage), endOfStream: true }, observabilityMode: true });
      call.end();
      await once(call, "end");
    }
    assert.equal(await charged(weir), before);
    await stillServes();
  });

  const kindsOf = async (...messages: Parameters<ReturnType<TestWeir["process"]>["write"]>[0][]) => {
    const call = weir.process();
    const kinds: string[] = [];
    call.on("data", (reply: Record<string, unknown>) => {
      kinds.push(...Object.keys(reply).filter((key) => reply[key] !== undefined && key.startsWith("re")));
    });
    for (const message of messages) call.write(message);
    call.end();
    await once(call, "end");
    return kinds;
  };

  test("a filter that waits while it meters is answered every message by its own kind", async () => {
    const kinds = await kindsOf(
      { ...responseHeaders("application/json"), ...context(), observabilityMode: false },
      { responseBody: { body: Buffer.from("{}") } },
      { responseTrailers: {} },
    );
    assert.deepEqual(kinds, ["responseHeaders", "responseBody", "responseTrailers"]);
  });

  test("a request that nothing was left open for is let go by its headers, and the call ends", async () => {
    assert.deepEqual(await kindsOf({ requestHeaders: {} }), ["requestHeaders"]);
    assert.deepEqual(await kindsOf({ requestHeaders: {}, ...context({ decision: "deny" }) }), [
      "requestHeaders",
    ]);
    assert.deepEqual(await kindsOf({ requestHeaders: {}, ...context() }), ["requestHeaders"]);
  });
});

/** A request with metadata (attributes.metadata_context.filter_metadata) of Structs in Structs. */
function nested(depth: number): Buffer {
  const struct = (value: Buffer) => field(1, field(1, Buffer.from("k")), field(2, value));
  let value: Buffer = Buffer.from([0x20, 0x01]);
  for (let i = 0; i < depth; i++) value = field(5, struct(value));
  const filterMetadata = field(1, field(1, Buffer.from("n")), field(2, struct(value)));
  return field(1, field(11, filterMetadata));
}

/** A length-delimited field. */
function field(number: number, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length, rest]), bytes]);
}

function responseHeaders(contentType: string) {
  const header = (key: string, value: string) => ({ key, rawValue: Buffer.from(value) });
  const headers = { headers: [header(":status", "200"), header("content-type", contentType)] };
  return { responseHeaders: { headers }, observabilityMode: true };
}

const usageCounters = [["api:chat/v1:totalTokens:year", ""]];
function context(
  weir: unknown = { decision: "allow", api: "chat/v1", provider: "openai", usage: usageCounters },
) {
  return { metadataContext: { filterMetadata: new Map([[AUTHZ_NAMESPACE, { weir } as never]]) } };
}

async function count(weir: TestWeir, metric: string): Promise<number> {
  const line = (await weir.metrics()).split("\n").find((text) => text.startsWith(`${metric} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

/** All tokens charged so far. */
async function charged(weir: TestWeir): Promise<number> {
  const types = ["prompt", "completion"].map((type) => `weir_tokens_total{api="chat/v1",type="${type}"}`);
  return (await count(weir, types[0] ?? "")) + (await count(weir, types[1] ?? ""));
}
