import { type RedisServer, startConfigured, startRedis } from "../../../demo/stack/redis.js";
import { eventually } from "../weir.js";

export interface Node {
  readonly host: string;
  readonly port: number;
}

export interface SentinelSetup {
  /** What the sentinels call the master. */
  readonly name: string;
  readonly sentinels: readonly Node[];
  /** The sentinels' processes, in the same order. */
  readonly sentinelServers: readonly RedisServer[];
  /** The first master, and then its replicas, whatever has become of them. */
  readonly dataServers: readonly RedisServer[];
  /** The master as the sentinels see it. */
  master(): Promise<Node>;
  /** SIGKILL for the master; returns it, so that a test can restart it. */
  killMaster(): Promise<RedisServer>;
  /** Waits until all sentinels that live name another master than the killed one, and it says so itself. */
  untilFailedOver(): Promise<Node>;
  stop(): Promise<void>;
}

export interface SentinelOptions {
  readonly replicas?: 1 | 2;
  /** Of the data nodes; the sentinels have none. */
  readonly password?: string;
}

const HOST = "127.0.0.1";
const NAME = "weir";
const QUORUM = 2;
const DOWN_AFTER_MS = 500;
/** After a failed attempt the next one waits for twice this. */
const FAILOVER_TIMEOUT_MS = 2000;
const READY_TIMEOUT_MS = 15_000;
/**
 * How often sentinels look and talk: their own 10 and 2 seconds make a failover take its time. And a sentinel that
 * the machine held up for 2 seconds mistrusts its clock, and does nothing for 30.
 */
const PACE = ["info-period", 200, "publish-period", 200, "ask-period", 200, "tilt-period", 1000];

/** One master, its replicas and three sentinels on loopback. */
export async function startSentinelSetup({
  replicas = 1,
  password,
}: SentinelOptions = {}): Promise<SentinelSetup> {
  const started: RedisServer[] = [];
  const start = async (server: Promise<RedisServer>) => {
    const running = await server;
    started.push(running);
    return running;
  };
  const startAll = async (servers: Promise<RedisServer>[]) => {
    const results = await Promise.allSettled(servers.map(start));
    return results.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    });
  };
  const stop = async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
  };
  const data = { ...(password === undefined ? {} : { password }) };
  try {
    const first = await start(startRedis(data));
    const others = Array.from({ length: replicas }, () => startRedis({ ...data, replicaOf: first.port }));
    const dataServers = [first, ...(await startAll(others))];
    // Sentinels learn of replicas from what the master says of itself when they come.
    await eventually(
      "replicas are online",
      async () => count(await first.command("INFO", "replication"), /state=online/g) === replicas,
      READY_TIMEOUT_MS,
    );
    const sentinelServers = await startAll([1, 2, 3].map(() => startSentinel(first.port, password)));
    await eventually(
      "sentinels know each other and the replicas",
      async () => {
        const views = await Promise.all(sentinelServers.map((sentinel) => masterView(sentinel)));
        return views.every(
          (view) => view["num-other-sentinels"] === "2" && view["num-slaves"] === String(replicas),
        );
      },
      READY_TIMEOUT_MS,
    );
    let killedPort = 0;
    const master = () => Promise.any(sentinelServers.map(masterOf));
    return {
      name: NAME,
      sentinels: sentinelServers.map(({ port }) => ({ host: HOST, port })),
      sentinelServers,
      dataServers,
      master,
      async killMaster() {
        const { port } = await master();
        const server = dataServers.find((candidate) => candidate.port === port);
        if (!server) throw new Error(`the sentinels name a master at ${port}, which is not of this setup`);
        killedPort = port;
        await server.kill();
        return server;
      },
      async untilFailedOver() {
        let next: Node = { host: HOST, port: killedPort };
        await eventually(
          "another master",
          async () => {
            const answers = await Promise.allSettled(sentinelServers.map(masterOf));
            const named = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
            next = named[0] ?? next;
            if (next.port === killedPort || named.some(({ port }) => port !== next.port)) return false;
            const server = dataServers.find(({ port }) => port === next.port);
            // Sentinels cut the connections of those whose role they change.
            const role = await server?.command("INFO", "replication").catch(() => "");
            return String(role).includes("role:master");
          },
          READY_TIMEOUT_MS,
        );
        return next;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startSentinel(masterPort: number, password: string | undefined): Promise<RedisServer> {
  const lines = (port: number) => [
    `port ${port}`,
    `sentinel monitor ${NAME} ${HOST} ${masterPort} ${QUORUM}`,
    `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${NAME} ${password}`]),
  ];
  const sentinel = await startConfigured(lines, "+monitor master", {}, ["--sentinel"]);
  await sentinel.command("SENTINEL", "DEBUG", ...PACE);
  return sentinel;
}

async function masterOf(sentinel: RedisServer): Promise<Node> {
  const reply = await sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME);
  const [host = "", port = "0"] = reply as string[];
  return { host, port: Number(port) };
}

/** What a sentinel says of the master, as a record. */
async function masterView(sentinel: RedisServer): Promise<Record<string, string>> {
  const flat = (await sentinel.command("SENTINEL", "MASTER", NAME)) as string[];
  return Object.fromEntries(flat.flatMap((key, at) => (at % 2 === 0 ? [[key, flat[at + 1] ?? ""]] : [])));
}

function count(text: unknown, pattern: RegExp): number {
  return String(text).match(pattern)?.length ?? 0;
}
