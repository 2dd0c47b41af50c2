import { encodeCheckRequest } from "../../../bench/check-request.js";
import { CheckConnection } from "../../../bench/load/connection.js";
import { prefixed } from "../../../bench/load/grpc.js";
import { outcomeOf } from "../../../bench/load/outcome.js";
import { type Spread, spreadOf } from "../analysis/spread.js";
import { USERS } from "../four-limits.js";
import { keepPace, type Pace } from "./pace.js";

/** Calls made straight to the nodes, without gateways. */
export interface ChecksReport extends Pace {
  readonly allowedRequests: number;
  readonly deniedRequests: number;
  readonly failedRequests: number;
  readonly roundTrip: Spread;
  readonly elapsedMs: number;
}

const CONNECTIONS_PER_NODE = 6;
/** Half of what HTTP/2's first window holds of these requests: servers may open it again as late as at its middle. */
const CALLS_PER_CONNECTION = 40;

/** A connection that keeps back what the server would not take: who waits for that waits for the answer. */
class PatientConnection {
  readonly #connection: CheckConnection;
  readonly #waiting: (() => void)[] = [];
  #open = 0;

  constructor(connection: CheckConnection) {
    this.#connection = connection;
  }

  async call(request: Buffer): Promise<Buffer> {
    if (this.#open >= CALLS_PER_CONNECTION) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#open++;
    try {
      return await this.#connection.call(request);
    } finally {
      // Whoever waited longest takes the place over.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#open--;
    }
  }

  close(): void {
    this.#connection.close();
  }
}

/** Asks nodes in turn, for the users in turn, at a steady rate. */
export class CheckClient {
  readonly #nodes: readonly (readonly PatientConnection[])[];
  readonly #requests = Array.from({ length: USERS }, (_, user) => prefixed(encodeCheckRequest(user)));

  private constructor(nodes: readonly (readonly PatientConnection[])[]) {
    this.#nodes = nodes;
  }

  static async open(ports: readonly number[]): Promise<CheckClient> {
    const openOne = async (port: number) => new PatientConnection(await CheckConnection.open(port));
    const open = (port: number) =>
      Promise.all(Array.from({ length: CONNECTIONS_PER_NODE }, () => openOne(port)));
    return new CheckClient(await Promise.all(ports.map(open)));
  }

  /** Resolves when all is answered. */
  async run(perSecond: number, lengthMs: number): Promise<ChecksReport> {
    const outcomes = { allowed: 0, denied: 0, failed: 0 };
    const timesMs: number[] = [];
    const calls: Promise<void>[] = [];
    const call = async (n: number) => {
      const connections = this.#nodes[n % this.#nodes.length] ?? [];
      const turn = Math.floor(n / this.#nodes.length);
      const request = this.#requests[n % this.#requests.length] as Buffer;
      const startedMs = performance.now();
      try {
        const reply = await connections[turn % connections.length]?.call(request);
        timesMs.push(performance.now() - startedMs);
        outcomes[outcomeOf(reply as Buffer)]++;
      } catch {
        outcomes.failed++;
      }
    };
    const startMs = performance.now();
    const stream = { perSecond, send: (n: number) => void calls.push(call(n)) };
    const pace = await keepPace([stream], startMs, startMs + lengthMs);
    await Promise.all(calls);
    return {
      ...pace,
      allowedRequests: outcomes.allowed,
      deniedRequests: outcomes.denied,
      failedRequests: outcomes.failed,
      roundTrip: spreadOf(timesMs),
      elapsedMs: Math.round(performance.now() - startMs),
    };
  }

  close(): void {
    for (const connections of this.#nodes) for (const connection of connections) connection.close();
  }
}
