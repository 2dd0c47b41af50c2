import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { AccessLogType } from "../../src/envoy/wire/access-log.js";
import { policyOf } from "../property/policies.js";
import { eventually } from "../support/weir.js";
import { batchOf, type EntryInit, entryOf, startAccessLogServer } from "./access-log-server.js";

const files = {
  name: "files",
  version: "v1",
  match: { pathPrefix: "/files" },
  limits: [
    { bytes: 1000, per: "year" },
    { requests: 50, per: "year" },
  ],
};
const chat = { name: "chat", version: "v1", match: { pathPrefix: "/chat" }, ai: { provider: "openai" } };
const content = {
  version: 1,
  gateway: { limits: [{ bytes: "1 GB", per: "year" }] },
  apis: [files, chat],
  custom: [{ name: "by-api", key: "{api}", limits: [{ bytes: 5000, totalTokens: 7, per: "month" }] }],
};

describe("the access log service", () => {
  let server: Awaited<ReturnType<typeof startAccessLogServer>>;
  let weir: unknown;
  beforeEach(async () => {
    server = await startAccessLogServer(policyOf(content));
    weir = await server.decide("/files/1");
  });
  afterEach(() => server.stop());

  const bytes = () => server.used("api");

  test("charges request and response to every counter of bytes, and to no other", async () => {
    assert.deepEqual(await server.send(batchOf(entryOf(weir, 30, 400))), {});
    assert.equal(await server.used("api"), 430);
    assert.equal(await server.used("custom", "files/v1"), 430);
    await server.send(batchOf(entryOf(await server.decide("/chat"), 1, 2)));
    assert.equal(await server.used("custom", "chat/v1"), 3);
    assert.equal(await server.used("custom", "chat/v1", "totalTokens"), 0);
    assert.equal(await server.used("api", "", "requests"), 1);
    assert.equal(await server.used("gateway"), 433);
    assert.deepEqual(await server.metric(), { "files/v1": 430, "chat/v1": 3 });
  });

  test("charges nothing of a request to a model that was denied when it was read", async () => {
    const before = await server.used("gateway");
    const denied = entryOf(weir, 30, 400, { decision: "deny", level: "api" });
    assert.deepEqual(await server.send(batchOf(denied)), {});
    assert.equal(await server.used("gateway"), before);
  });

  test("charges entries however they are spread over messages and streams", async () => {
    const entry = (size: number) => entryOf(weir, size, 0);
    await Promise.all([
      server.send(batchOf(entry(1), entry(2), entry(4)), batchOf(), {}, batchOf(entry(8))),
      server.send(batchOf(entry(16))),
      server.send(),
    ]);
    assert.equal(await bytes(), 31);
  });

  test("charges while the stream stays open, and answers nothing", async () => {
    const { call, answer } = server.open();
    call.write(batchOf(entryOf(weir, 5, 0)));
    await eventually("the entry is charged", async () => (await bytes()) === 5);
    call.write(batchOf(entryOf(weir, 6, 0)));
    await eventually("the next is charged too", async () => (await bytes()) === 11);
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 50, "none"))]);
    assert.equal(early, "none");
    call.cancel();
    await answer;
  });

  test("the request that crosses a limit is charged in full, and the next is denied", async () => {
    await server.send(batchOf(entryOf(weir, 999, 0)));
    const crossing = await server.decide("/files/2");
    await server.send(batchOf(entryOf(crossing, 0, 100_000)));
    assert.equal(await bytes(), 100_999);
    const denied = await server.decide("/files/3");
    assert.equal((denied as { decision: string }).decision, "deny");
    await server.send(batchOf(entryOf(denied, 10, 300)));
    assert.equal(await bytes(), 100_999);
  });

  test("what matched no API is charged under none", async () => {
    await server.send(batchOf(entryOf(await server.decide("/other"), 7, 0)));
    assert.equal(await server.used("gateway"), 7);
    assert.equal(await bytes(), 0);
    assert.deepEqual(await server.metric(), { "": 7 });
  });

  test("a limit that has gone since is skipped, and one whose number changed is charged", async () => {
    server.gate.policy = policyOf({
      ...content,
      apis: [{ ...files, limits: [{ bytes: 9, per: "year" }] }],
      custom: [],
    });
    await server.send(batchOf(entryOf(weir, 3, 4)));
    assert.equal(await server.used("gateway"), 7);
    assert.equal(await bytes(), 7);
    server.gate.policy = policyOf({ version: 1, apis: [files] });
    await server.send(batchOf(entryOf(weir, 1, 0)));
    assert.equal(await bytes(), 8);
    server.gate.policy = policyOf({
      version: 1,
      apis: [{ ...files, limits: [{ requests: 9, per: "year" }] }],
    });
    await server.send(batchOf(entryOf(weir, 1, 0)));
    assert.deepEqual(await server.metric(), { "files/v1": 8 });
  });

  test("only the end of a request counts, not what Envoy may log of it before or upstream", async () => {
    const { commonProperties, ...sizes } = entryOf(weir, 100, 100);
    for (const accessLogType of Object.values(AccessLogType)) {
      if (accessLogType === AccessLogType.DownstreamEnd) continue;
      await server.send(batchOf({ ...sizes, commonProperties: { ...commonProperties, accessLogType } }));
    }
    await server.send(batchOf({ ...sizes, commonProperties: { ...commonProperties, accessLogType: 99 } }));
    assert.equal(await bytes(), 0);
  });

  test("entries that no weir had a part in charge nothing, and keep none of the others back", async () => {
    const counters = (weir as { bytes: unknown[] }).bytes;
    const strange = [
      ...[null, 5, "weir", [], {}, { bytes: counters }, { decision: "deny", bytes: counters }],
      ...[
        null,
        5,
        "x",
        {},
        [],
        [null, 5, "x", {}, [], ["a"], [1, 2], ["a", null], ["api", ""], [[], {}]],
      ].map((bytes) => ({ decision: "allow", api: "files/v1", bytes })),
      { decision: "allow", api: { toString: 1 }, bytes: [["__proto__", "constructor"]] },
    ];
    const bare: EntryInit[] = [
      {},
      { commonProperties: {} },
      { commonProperties: { accessLogType: AccessLogType.DownstreamEnd }, request: { requestBodyBytes: 5 } },
      { commonProperties: { accessLogType: AccessLogType.DownstreamEnd, metadata: {} } },
    ];
    const garbage = [...strange.map((value) => entryOf(value, 5, 5)), ...bare];
    assert.deepEqual(await server.send(batchOf(...garbage, entryOf(weir, 1, 0), ...garbage)), {});
    assert.equal(await bytes(), 1);
    assert.deepEqual(await server.metric(), { "files/v1": 1 });
  });

  test("an API that the policy does not have is no label of the metric", async () => {
    await server.send(batchOf(entryOf({ ...(weir as object), api: "made up" }, 1, 1)));
    assert.deepEqual(await server.metric(), { "": 2 });
  });

  test("bodies without bytes charge nothing", async () => {
    const { commonProperties } = entryOf(weir, 0, 0);
    await server.send(batchOf(entryOf(weir, 0, 0), { commonProperties }));
    assert.deepEqual(await server.metric(), {});
  });

  test("numbers beyond all that a body can have charge nothing, and are logged", async () => {
    const most = Number.MAX_SAFE_INTEGER;
    for (const size of [most + 1, 2 ** 63, 2 ** 64 - 2048])
      await server.send(batchOf(entryOf(weir, size, 0)));
    await server.send(batchOf(entryOf(weir, most, most), entryOf(weir, 1, 0)));
    assert.equal(await bytes(), 1);
    assert.equal(server.log().match(/more bytes than there can be/g)?.length, 4);
  });

  test("a message that is none ends its stream with an error, and no other", async () => {
    const { call, answer } = server.open();
    const garbage = await server.send(batchOf(entryOf(weir, 1, 0)), Buffer.from("12ff", "hex"));
    assert.equal((garbage as { code?: number }).code, status.INTERNAL);
    call.write(batchOf(entryOf(weir, 2, 0)));
    call.end();
    assert.deepEqual(await answer, {});
    assert.equal(await bytes(), 3);
  });

  test("a store that fails is counted and logged, and the stream goes on", async () => {
    const { add } = server.gate.store;
    server.gate.store.add = () => Promise.reject(new Error("out of reach"));
    const { call, answer } = server.open();
    call.write(batchOf(entryOf(weir, 1, 0)));
    await eventually("the failure is logged", () => server.log().includes("out of reach"));
    server.gate.store.add = add;
    call.write(batchOf(entryOf(weir, 2, 0)));
    call.end();
    assert.deepEqual(await answer, {});
    assert.equal(await bytes(), 2);
  });

  test("a stopping server takes what is under way, then ends the streams that would stay open", async () => {
    const { call, answer } = server.open();
    call.write(batchOf(entryOf(weir, 1, 0)));
    await eventually("the stream is open", async () => (await bytes()) === 1);
    const started = performance.now();
    const stopped = server.server.stop(20_000);
    call.write(batchOf(entryOf(weir, 2, 0)));
    assert.deepEqual(await answer, {});
    await stopped;
    assert.equal(await bytes(), 3);
    assert.ok(performance.now() - started < 5000, "it did not wait for the end of its patience");
  });
});
