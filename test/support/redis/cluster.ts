import { type RedisServer, startRedis } from "../../../demo/stack/redis.js";
import { eventually } from "../weir.js";

export interface ClusterSetup {
  /** All six, the first three of which begin as masters. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly servers: readonly RedisServer[];
  /** The indexes of the nodes that are masters and hold slots now, as the living nodes see it. */
  masters(): Promise<number[]>;
  /** SIGKILL. */
  kill(index: number): Promise<void>;
  /** Starts a killed node again; it comes back with what it knew of the cluster, and without its data. */
  restart(index: number): Promise<void>;
  /** Waits until all living nodes call the cluster well, with living masters and replicas that follow them. */
  untilWell(): Promise<void>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly password?: string;
  /** After it a node that is silent counts as gone, and its replica stands for election. */
  readonly nodeTimeoutMs?: number;
}

const HOST = "127.0.0.1";
const MASTERS = 3;
const SLOTS = 16_384;
const READY_TIMEOUT_MS = 20_000;

/** Three masters, and a replica of each, on loopback. */
export async function startClusterSetup(options: ClusterOptions = {}): Promise<ClusterSetup> {
  const { password, nodeTimeoutMs = 1000 } = options;
  const config = [
    "cluster-enabled yes",
    `cluster-node-timeout ${nodeTimeoutMs}`,
    // A replica may always stand for election, however long ago it last heard of its master.
    "cluster-replica-validity-factor 0",
  ];
  const results = await Promise.allSettled(
    Array.from({ length: 2 * MASTERS }, () =>
      startRedis({ config, ...(password === undefined ? {} : { password }) }),
    ),
  );
  const servers = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const dead = new Set<number>();
  const living = () => servers.filter((_, index) => !dead.has(index));
  const masters = async () => {
    const ports = await mastersSeenBy(living());
    return servers.flatMap(({ port }, index) => (ports.includes(port) ? [index] : []));
  };
  const untilWell = () =>
    eventually(
      "the cluster is well",
      async () => {
        const states = await Promise.all(living().map((server) => server.command("CLUSTER", "INFO")));
        if (!states.every((state) => String(state).includes("cluster_state:ok"))) return false;
        const links = await Promise.all(living().map((server) => server.command("INFO", "replication")));
        if (links.some((link) => String(link).includes("master_link_status:down"))) return false;
        const current = await masters();
        return current.length === MASTERS && current.every((index) => !dead.has(index));
      },
      READY_TIMEOUT_MS,
    );
  try {
    for (const result of results) if (result.status === "rejected") throw result.reason;
    await form(servers);
    await untilWell();
    return {
      nodes: servers.map(({ port }) => ({ host: HOST, port })),
      servers,
      masters,
      async kill(index) {
        dead.add(index);
        await servers[index]?.kill();
      },
      async restart(index) {
        await servers[index]?.restart();
        dead.delete(index);
      },
      untilWell,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Introduces the nodes to each other, and gives the slots to the first three and a replica to each of these. */
async function form(servers: readonly RedisServer[]) {
  const [first, ...others] = servers;
  if (!first) return;
  const owners = servers.slice(0, MASTERS);
  for (const [index, owner] of owners.entries()) {
    const slots = Array.from({ length: SLOTS }, (_, slot) => slot).filter(
      (slot) => Math.floor((slot * MASTERS) / SLOTS) === index,
    );
    await owner.command("CLUSTER", "ADDSLOTS", ...slots);
    // Distinct ones spare them the work of finding out who is right.
    await owner.command("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
  }
  for (const { port } of others) await first.command("CLUSTER", "MEET", HOST, port);
  const ids = await Promise.all(owners.map(async (owner) => String(await owner.command("CLUSTER", "MYID"))));
  await eventually(
    "all nodes know each other",
    async () => {
      const known = await Promise.all(servers.map(nodesSeenBy));
      return known.every((lines) => lines.length === servers.length && lines.every(isSettled));
    },
    READY_TIMEOUT_MS,
  );
  const replicas = servers.slice(MASTERS);
  for (const [index, replica] of replicas.entries())
    await replica.command("CLUSTER", "REPLICATE", ids[index] ?? "");
  await eventually(
    "all nodes know the replicas",
    async () => {
      const known = await Promise.all(servers.map(nodesSeenBy));
      return known.every((lines) => lines.filter((line) => /[ ,]slave /.test(line)).length === MASTERS);
    },
    READY_TIMEOUT_MS,
  );
}

async function nodesSeenBy(server: RedisServer): Promise<string[]> {
  return String(await server.command("CLUSTER", "NODES"))
    .trim()
    .split("\n");
}

/** Whether a line of CLUSTER NODES is of a node that has been met, and not only heard of. */
function isSettled(line: string): boolean {
  return !line.includes("handshake") && !line.includes("noaddr") && line.includes(" connected");
}

/** The ports of the masters that hold slots, when all agree on them; none until then. */
async function mastersSeenBy(servers: readonly RedisServer[]): Promise<number[]> {
  const views = await Promise.all(servers.map(nodesSeenBy));
  const ports = views.map((lines) =>
    lines
      .filter((line) => /[ ,]master /.test(line) && / connected \d/.test(line))
      .map((line) => Number(/:(\d+)@/.exec(line)?.[1]))
      .sort(),
  );
  const [first = []] = ports;
  return ports.every((other) => other.join() === first.join()) ? first : [];
}
