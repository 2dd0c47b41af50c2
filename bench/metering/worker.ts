import { createBodyDecoder } from "../../src/inflate/body-decoder.js";
import { createMeter } from "../../src/metering/meter.js";
import { serveOrders } from "../worker.js";
import { type BenchBody, type BodyName, bodyNames, makeBodies, TOKENS_USED } from "./bodies.js";

export interface MeteringOrder {
  readonly measureMs: number;
}

/** One round over all bodies. */
export type MeteringReply = Readonly<Record<BodyName, MeteringRound>>;

export interface MeteringRound {
  readonly megabytesPerSecond: number;
  readonly cpuUsPerDocument: number;
  readonly bytesPerDocument: number;
}

/** As much as Envoy hands on at a time, or about. */
const CHUNK_BYTES = 16 * 1024;

serveOrders<MeteringOrder, MeteringReply>(async ({ measureMs }) => {
  const bodies = makeBodies();
  const rounds: [BodyName, MeteringRound][] = [];
  for (const name of bodyNames) {
    await read(bodies[name], measureMs / 2);
    rounds.push([name, await read(bodies[name], measureMs)]);
  }
  return Object.fromEntries(rounds) as MeteringReply;
});

/** Reads the body again and again for so long, and makes sure each time that its usage was found. */
async function read(body: BenchBody, measureMs: number): Promise<MeteringRound> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  let times = 0;
  while (times === 0 || performance.now() - start < measureMs) {
    const total = await totalOf(body);
    if (total !== TOKENS_USED) throw new Error(`read ${total} tokens, not ${TOKENS_USED}`);
    times += 1;
  }
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    megabytesPerSecond: (body.plainBytes * times) / 1e6 / seconds,
    cpuUsPerDocument: (user + system) / (body.documents * times),
    bytesPerDocument: body.plainBytes / body.documents,
  };
}

async function totalOf({
  provider,
  contentType,
  contentEncoding,
  bytes,
}: BenchBody): Promise<number | undefined> {
  const header = (name: string) => (name === "content-type" ? contentType : undefined);
  const meter = createMeter({ provider }, { path: undefined, header });
  const decoder = createBodyDecoder(contentEncoding, (piece) => meter.push(piece));
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    await decoder?.push(bytes.subarray(at, at + CHUNK_BYTES));
  }
  await decoder?.end();
  return meter.end("complete")?.total;
}
