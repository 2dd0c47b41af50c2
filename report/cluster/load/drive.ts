import { setTimeout as sleep } from "node:timers/promises";
import { type Lane, WARM_API, type Workload } from "../workload.js";
import { HttpPool } from "./http-pool.js";
import { Answer, type Journal } from "./journal.js";
import { keepPace, type Pace } from "./pace.js";

/** What weir answers when it denies for want of counters. */
const UNCOUNTED_CODE = "900967";
/** How long the last requests may take to be answered. */
const LAST_ANSWERS_MS = 5_000;

/** A client that spreads every lane evenly over the gateways, and writes down what becomes of each request. */
export class Driver {
  readonly #pools: readonly HttpPool[];

  constructor(ports: readonly number[]) {
    this.#pools = ports.map((port) => new HttpPool(port));
  }

  get connections(): number {
    return this.#pools.reduce((sum, { connections }) => sum + connections, 0);
  }

  /** The same load on an API without a limit: connections come about, and code gets compiled. */
  async warmUp({ lanes }: Workload, lengthMs: number): Promise<void> {
    const startMs = performance.now();
    const streams = lanes.map(({ requestsPerSecond }) => ({
      perSecond: requestsPerSecond,
      send: (n: number) => this.#pool(n).get(`/${WARM_API}/v1/`, null, () => {}),
    }));
    await keepPace(streams, startMs, startMs + lengthMs);
  }

  /** From `startMs` to `endMs` of the time of day. Resolves when all is answered, or too late to wait for it. */
  async run({ lanes }: Workload, journal: Journal, startMs: number, endMs: number): Promise<Pace> {
    let open = 0;
    const streams = lanes.map((lane, index) => ({
      perSecond: lane.requestsPerSecond,
      send: (n: number) => {
        open++;
        this.#send(lane, index, n, journal, () => {
          open--;
        });
      },
    }));
    const offsetMs = performance.now() - Date.now();
    const pace = await keepPace(streams, startMs + offsetMs, endMs + offsetMs);
    const deadline = performance.now() + LAST_ANSWERS_MS;
    while (open > 0 && performance.now() < deadline) await sleep(10);
    return pace;
  }

  close(): void {
    for (const pool of this.#pools) pool.close();
  }

  #pool(n: number): HttpPool {
    return this.#pools[n % this.#pools.length] as HttpPool;
  }

  #send({ api, apiKey }: Lane, lane: number, n: number, journal: Journal, onDone: () => void): void {
    const number = journal.sent(lane, Date.now());
    this.#pool(n).get(`/${api}/v1/${number}`, apiKey, (status, body) => {
      journal.answered(number, answerOf(status, body), Date.now());
      onDone();
    });
  }
}

function answerOf(status: number, body: string): Answer {
  switch (status) {
    case 0:
      return Answer.lost;
    case 200:
      return Answer.admitted;
    case 429:
      return Answer.denied;
    case 503:
      return body.includes(UNCOUNTED_CODE) ? Answer.uncounted : Answer.gatewayFailed;
    default:
      if (status >= 500) return Answer.gatewayFailed;
      throw new Error(`an answer that nothing here gives: ${status} ${body}`);
  }
}
