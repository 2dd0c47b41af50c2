import { connect, createServer, type Socket } from "node:net";
import { takePort } from "../../../demo/stack/redis.js";

/** What the proxy does. Every switch takes effect at once, for the connections that are there as well. */
export interface FaultProxy {
  readonly port: number;
  readonly url: string;
  /** Hands everything on, as it does from the start. */
  pass(): Promise<void>;
  /** Holds every reply for `ms`; requests go through at once. Replies keep their order. */
  delay(ms: number): Promise<void>;
  /** Accepts connections and requests, and never says anything. */
  blackHole(): Promise<void>;
  /** Cuts all connections and takes no new ones. */
  refuse(): Promise<void>;
  /** Answers every command with `reply` in Redis's place: by default with something that is not RESP. */
  answerNonsense(reply?: string): Promise<void>;
  stop(): Promise<void>;
}

type Mode =
  | { readonly kind: "pass" | "blackHole" | "refuse" }
  | { readonly kind: "delay"; readonly delayMs: number }
  | { readonly kind: "nonsense"; readonly reply: string };

/** How a command begins in RESP. */
const COMMAND = /\*\d+\r\n\$\d+\r\n/g;

/** A TCP proxy on loopback in front of the Redis at `redisPort`, with or without TLS. */
export async function startFaultProxy(redisPort: number): Promise<FaultProxy> {
  let mode: Mode = { kind: "pass" };
  const connections = new Set<Connection>();
  const server = createServer((client) => {
    if (mode.kind === "refuse") {
      client.resetAndDestroy();
      return;
    }
    const connection = new Connection(client, redisPort, () => mode);
    connections.add(connection);
    client.once("close", () => connections.delete(connection));
  });
  let port = await takePort();
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.removeListener("error", reject);
        resolve();
      });
    });
  const become = async (next: Mode) => {
    mode = next;
    for (const connection of connections) connection.modeChanged();
    if (mode.kind === "refuse") {
      if (server.listening) server.close();
    } else if (!server.listening) await listen();
  };
  await listen().catch(async () => {
    // Somebody was faster.
    port = await takePort();
    await listen();
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    pass: () => become({ kind: "pass" }),
    delay: (delayMs) => become({ kind: "delay", delayMs }),
    blackHole: () => become({ kind: "blackHole" }),
    refuse: () => become({ kind: "refuse" }),
    answerNonsense: (reply = "\0nonsense\r\n") => become({ kind: "nonsense", reply }),
    stop: () => become({ kind: "refuse" }),
  };
}

/** One client, and its connection to Redis. */
class Connection {
  readonly #client: Socket;
  readonly #redis: Socket;
  readonly #mode: () => Mode;
  /** Replies to come, and last the end of the connection. */
  readonly #held: { readonly dueMs: number; readonly reply: Buffer | "end" }[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Whether something of its stream is lost. No network does that to TCP, so such a connection cannot go on. */
  #torn = false;

  constructor(client: Socket, redisPort: number, mode: () => Mode) {
    this.#client = client.setNoDelay(true);
    this.#redis = connect(redisPort, "127.0.0.1").setNoDelay(true);
    this.#mode = mode;
    client.on("data", (chunk) => this.#request(chunk));
    this.#redis.on("data", (chunk) => this.#reply(chunk));
    // What failed is closed next, and that is handed on.
    client.on("error", () => {});
    this.#redis.on("error", () => {});
    client.on("close", () => {
      clearTimeout(this.#timer);
      this.#redis.destroy();
    });
    this.#redis.on("close", () => this.#reply("end"));
  }

  modeChanged() {
    const { kind } = this.#mode();
    if (kind === "refuse" || (this.#torn && (kind === "pass" || kind === "delay"))) {
      this.#client.resetAndDestroy();
      return;
    }
    const held = this.#held.splice(0);
    clearTimeout(this.#timer);
    for (const { reply } of held) this.#reply(reply);
  }

  #request(chunk: Buffer) {
    const mode = this.#mode();
    if (mode.kind === "pass" || mode.kind === "delay") {
      this.#redis.write(chunk);
      return;
    }
    this.#torn = true;
    if (mode.kind !== "nonsense") return;
    const commands = chunk.toString("latin1").match(COMMAND)?.length ?? 0;
    if (commands > 0) this.#client.write(mode.reply.repeat(commands));
  }

  #reply(reply: Buffer | "end") {
    const mode = this.#mode();
    if (mode.kind === "pass") this.#deliver(reply);
    else if (mode.kind === "delay") {
      this.#held.push({ dueMs: performance.now() + mode.delayMs, reply });
      if (this.#held.length === 1) this.#deliverWhenDue();
    } else this.#torn = true;
  }

  #deliverWhenDue() {
    const [first] = this.#held;
    if (!first) return;
    const waitMs = Math.max(0, first.dueMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#held.shift();
      this.#deliver(first.reply);
      this.#deliverWhenDue();
    }, waitMs);
  }

  #deliver(reply: Buffer | "end") {
    if (reply === "end") this.#client.end();
    else this.#client.write(reply);
  }
}
