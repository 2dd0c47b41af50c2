import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:http2";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../demo/stack/process.js";
import { startTestStack, type TestStack } from "./stack.js";

const terms = {
  "charge-after": "",
  reserve: ", admission: reserve",
  hide: ", admission: reserve, includeUsage: hide",
} as const;
const names = Object.keys(terms) as (keyof typeof terms)[];
const apis = names.map(
  (name) => `  - name: ${name}
    version: v1
    match: { hosts: [${name}.example.com], pathPrefix: /chat/v1 }
    limits: [{ totalTokens: 1000000000, per: year }]
    ai: { provider: openai${terms[name]} }`,
);
const policy = `version: 1\napis:\n${apis.join("\n")}\n`;

const PATH = "/chat/v1/chat/completions";
/** Of an answer: some 300 KB of events. */
const PIECES = 2_000;
/** How much of a body Envoy holds for weir to read. */
const HELD = 1_048_576;
/** What hangs shall not hang until Envoy gives up. */
const PATIENCE_MS = 20_000;
const lengths = [0, 1, 65_536, HELD - 500, HELD, HELD + 50_000, 3_000_000];
const transports = ["HTTP/1", "HTTP/2", "HTTP/2 with trailers"] as const;
const uploads = ["at once", "in pieces"] as const;

interface Sending {
  readonly host: string;
  readonly transport: (typeof transports)[number];
  readonly body: AsyncIterable<Buffer>;
}

/** A prompt of so many bytes, asking for a stream of many pieces. */
function chatOf(user: string, length: number): Buffer {
  const messages = [{ role: "user", content: "w".repeat(length) }];
  const stream = { stream: true, pieces: PIECES, pace_ms: 0 };
  return Buffer.from(JSON.stringify({ model: "double-1", user, messages, ...stream }));
}

async function* inPieces(body: Buffer, count: number): AsyncGenerator<Buffer> {
  const length = Math.ceil(body.length / count);
  for (let at = 0; at < body.length; at += length) {
    if (at > 0) await sleep(5);
    yield body.subarray(at, at + length);
  }
}

describe("nothing is lost of what passes through Envoy, whoever waits for weir:", () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack(policy);
  });
  after(() => stack.stop());

  const overHttp1 = async ({ host, body }: Sending, headers = {}): Promise<string> => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const to = {
      host: "127.0.0.1",
      port: stack.envoy.port,
      method: "POST",
      path: PATH,
      agent: false as const,
    };
    const outgoing = request({
      ...to,
      signal,
      headers: { host, "content-type": "application/json", ...headers },
    });
    const answer = new Promise<string>((resolve, reject) => {
      outgoing.on("error", reject);
      outgoing.on("response", (response) => text(response).then(resolve, reject));
    });
    outgoing.flushHeaders();
    await Promise.all([answer, pipeline(Readable.from(body), outgoing)]);
    return answer;
  };

  const overHttp2 = async ({ host, body, transport }: Sending): Promise<string> => {
    const session = connect(`http://127.0.0.1:${stack.envoy.port}`);
    const headers = {
      ":authority": host,
      ":method": "POST",
      ":path": PATH,
      "content-type": "application/json",
    };
    const waitForTrailers = transport === "HTTP/2 with trailers";
    const options = { endStream: false, waitForTrailers, signal: AbortSignal.timeout(PATIENCE_MS) };
    const stream = session.request(headers, options);
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-trailer": "1" }));
    try {
      const [answer] = await Promise.all([text(stream), pipeline(Readable.from(body), stream)]);
      return answer;
    } finally {
      session.close();
    }
  };

  /** What is missing of the answer, and of the prompt at the model server. */
  const lossesOf = (user: string, length: number, answer: string): string[] => {
    const events = answer.split("\n\n");
    const pieces = events.filter((event) => event.includes('"delta":{"content":')).length;
    const isWhole = pieces === PIECES && events.at(-2) === "data: [DONE]";
    const read = stack.llm.answers.find((made) => made.request.user === user)?.request;
    const { messages } = (read ?? {}) as { messages?: { content: string }[] };
    const arrived = messages?.[0]?.content.length;
    return [
      ...(isWhole ? [] : [`${user}: ${pieces} pieces of the answer came`]),
      ...(arrived === length ? [] : [`${user}: ${arrived} bytes of the prompt arrived`]),
    ];
  };

  for (const name of names) {
    const host = `${name}.example.com`;

    test(`${name}: bodies of any length, by any transport`, async () => {
      const sendings = lengths.flatMap((length) =>
        transports.flatMap((transport) => uploads.map((upload) => ({ length, transport, upload }))),
      );
      const send = async ({ length, transport, upload }: (typeof sendings)[number]) => {
        const user = `${name}, ${length} bytes, ${transport}, ${upload}`;
        const body = inPieces(chatOf(user, length), upload === "at once" ? 1 : 7);
        const sent = (transport === "HTTP/1" ? overHttp1 : overHttp2)({ host, transport, body });
        return sent.then(
          (answer) => lossesOf(user, length, answer),
          (error) => [`${user}: ${error}`],
        );
      };
      assert.deepEqual((await Promise.all(sendings.map(send))).flat(), []);
    });

    // With HTTP/1 the end comes by itself, after the last piece, and that Envoy reads in one go with it.
    test(`${name}: the end of a body, when it comes while its beginning is read`, async () => {
      const user = `${name}, of which the end comes late`;
      const length = HELD + 1_000;
      const body = chatOf(user, length);
      const url = `http://127.0.0.1:${stack.envoy.adminPort}/stats?filter=http.gateway.downstream_cx_rx_bytes_total`;
      const received = async () => Number((await (await fetch(url)).text()).split(": ")[1]);
      const hasMoreThan = (bytes: number) =>
        waitUntil("what was sent", async () => (await received()) > bytes, stack.envoy.child);
      const beginning = body.subarray(0, HELD - 1_000);
      async function* acrossWhatIsHeld(before: number) {
        await hasMoreThan(before);
        const head = await received();
        yield beginning;
        await hasMoreThan(head + beginning.length - 1);
        yield body.subarray(beginning.length);
      }
      const sending = { host, transport: "HTTP/1" as const, body: acrossWhatIsHeld(await received()) };
      const answer = await overHttp1(sending, { "content-length": body.length });
      assert.deepEqual(lossesOf(user, length, answer), []);
    });
  }
});
