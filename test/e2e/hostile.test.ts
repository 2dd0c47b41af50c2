import assert from "node:assert/strict";
import { type ClientRequest, request } from "node:http";
import { connect } from "node:http2";
import { after, before, describe, test } from "node:test";
import { waitUntil } from "../../demo/stack/process.js";
import { chatBy } from "./admissions.js";
import { type LedgerLine, ledgerOf, untilLedger } from "./ledger.js";
import { startTestStack, type TestStack } from "./stack.js";

const policy = `
version: 1
models: { "double-*": {} }
unknownModel: deny
apis:
  - name: chat
    version: v1
    match: { hosts: [reserve.example.com], pathPrefix: /chat/v1 }
    limits: [{ totalTokens: 100000000, per: year }]
    ai: { provider: openai, admission: reserve }
  - name: after
    version: v1
    match: { hosts: [charge-after.example.com], pathPrefix: /chat/v1 }
    limits: [{ totalTokens: 100000000, per: year }]
    ai: { provider: openai }
  - name: few
    version: v1
    match: { hosts: [few.example.com], pathPrefix: /chat/v1 }
    limits: [{ requests: 3, per: year }]
    ai: { provider: openai, admission: reserve }
`;

const PATH = "/chat/v1/chat/completions";

describe("clients who want models or tokens that are not theirs, through Envoy", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policy);
  });
  after(() => stack.stop());

  /** One POST over HTTP/2, with trailers if there are any; resolves to its status. */
  const overHttp2 = (body: string, trailers: Record<string, string> = {}) =>
    new Promise<number>((resolve, reject) => {
      const session = connect(`http://127.0.0.1:${stack.envoy.port}`);
      session.on("error", reject);
      const headers = { "content-type": "application/json", ":authority": "reserve.example.com" };
      const hasTrailers = Object.keys(trailers).length > 0;
      const stream = session.request({ ...headers, ":method": "POST", ":path": PATH }, {
        endStream: false,
        ...(hasTrailers ? { waitForTrailers: true } : {}),
      } as object);
      stream.on("wantTrailers", () => stream.sendTrailers(trailers));
      let status = 0;
      stream.on("response", (response) => {
        status = Number(response[":status"]);
      });
      stream.on("error", reject);
      stream.on("close", () => {
        session.close();
        resolve(status);
      });
      stream.resume();
      stream.end(body);
    });

  /** One POST with a body in chunks, whose length nobody announces. */
  const inChunks = (host: string, body: string) =>
    new Promise<number>((resolve, reject) => {
      const outgoing = request(
        {
          ...{ host: "127.0.0.1", port: stack.envoy.port, method: "POST", path: PATH, agent: false },
          headers: { host, "content-type": "application/json", "transfer-encoding": "chunked" },
        },
        (response) => {
          response.on("end", () => resolve(response.statusCode ?? 0));
          response.resume();
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });

  const lastLine = async (send: () => Promise<unknown>): Promise<LedgerLine | undefined> => {
    const lines = (await ledgerOf(stack)).length;
    await send();
    return (await untilLedger(stack, lines + 1)).at(-1);
  };

  const chat = (more: object) => JSON.stringify({ model: "double-1", messages: [], ...more });
  const padding = " ".repeat(3_000_000);

  test("a model that is not listed is refused however long the body is, over HTTP/2 as well", async () => {
    const content = "y".repeat(5_000_000);
    const body = JSON.stringify({ model: "evil-1", messages: [{ role: "user", content }] });
    assert.equal(await overHttp2(body), 403);
    assert.equal(await overHttp2(body.slice(0, 2_000_000)), 403);
    assert.equal(await stack.weir.metric("weir_unadmitted_total"), 0);
  });

  test("a model behind more than Envoy holds is not taken for the one in front", async () => {
    const body = `{"model":"double-1","messages":[],${padding}"model":"evil-1"}`;
    const { status } = await stack.gateway.one({ ...chatBy("reserve", {}), body });
    assert.equal(status, 403);
  });

  test("a whole body is read though trailers follow, or nothing but space", async () => {
    const line = await lastLine(() => overHttp2(chat({ stream: true }), { "x-trailer": "1" }));
    assert.deepEqual([line?.source, line?.usage.output], ["response", 60]);
    const padded = chat({ stream: true }) + padding;
    const other = await lastLine(() => stack.gateway.one({ ...chatBy("reserve", {}), body: padded }));
    assert.deepEqual([other?.source, other?.usage.output], ["response", 60]);
  });

  test("a prompt whose length is not announced is estimated where the response does not tell it", async () => {
    const messages = [{ role: "user", content: "word ".repeat(20_000) }];
    const line = await lastLine(() => inChunks("charge-after.example.com", chat({ messages, stream: true })));
    assert.equal(line?.source, "estimate");
    const { input = 0 } = line?.usage ?? {};
    assert.ok(input > 20_000 && input < 40_000, `${input} tokens for 20,000 words`);
  });

  test("requests that never come to their end use up what their client may send", async () => {
    const headers = { host: "few.example.com", "content-type": "application/json", "content-length": "1000" };
    const options = { host: "127.0.0.1", port: stack.envoy.port, method: "POST", path: PATH, agent: false };
    const endless: ClientRequest[] = [];
    const sendEndless = () => {
      const outgoing = request({ ...options, headers });
      outgoing.on("error", () => {});
      outgoing.write("{");
      endless.push(outgoing);
    };
    const whole = { ...chatBy("reserve", {}), headers: { host: headers.host } };
    let status = 0;
    await waitUntil(
      "a denial",
      async () => {
        // Not all at once: of those that come while another is decided on, one may be denied for it.
        sendEndless();
        ({ status } = await stack.gateway.one({ ...whole, body: "{" }));
        return status !== 403;
      },
      stack.weir.child,
    );
    assert.equal(status, 429);
    for (const outgoing of endless) outgoing.destroy();
  });
});
