import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { type Child, startChild, waitUntil } from "./process.js";

export interface RedisTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Whether clients must show a certificate of the same CA. */
  readonly clientCertificates?: boolean;
}

export interface RedisOptions {
  /** A free one if left out. */
  readonly port?: number;
  /** Of the default user; also what it presents to the master that it replicates. */
  readonly password?: string;
  /** ACL users, as in redis.conf: `weir on >secret ~weir:* +@all`. */
  readonly users?: readonly string[];
  /** Listen with TLS, and with nothing else. */
  readonly tls?: RedisTls;
  /** The port of its master. */
  readonly replicaOf?: number;
  /** Write an append-only file, so that a restart finds the data again. */
  readonly persistent?: boolean;
  /** Further lines of redis.conf. */
  readonly config?: readonly string[];
}

export interface RedisServer {
  readonly port: number;
  /** Without credentials. */
  readonly url: string;
  /** Another one after every restart. */
  readonly child: Child;
  /** Sends one command on a connection of its own, as the default user. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>;
  /** SIGKILL: what was not on disk is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the same folder, after a shutdown if it still runs. */
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** The redis-server on PATH, or the one that `npm run setup` brought. */
export function findRedis(): string {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ".tools/redis/bin"];
  for (const file of folders.map((folder) => join(folder, "redis-server"))) {
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not there: look on.
    }
  }
  throw new Error("there is no redis-server: run `node scripts/setup.mjs redis`, or put one on PATH");
}

const HOST = "127.0.0.1";
const ATTEMPTS = 5;
/** What a cluster node adds to its port for its bus. */
const BUS_OFFSET = 10_000;

/** One redis-server on loopback, which keeps nothing on disk unless it is asked to. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { password, users = [], tls, replicaOf, persistent = false, config = [] } = options;
  const lines = (port: number) => [
    ...(tls ? tlsLines(port, tls) : [`port ${port}`]),
    'save ""',
    `appendonly ${persistent ? "yes" : "no"}`,
    // Otherwise a master waits 5 seconds for more replicas before it sends its data to the first.
    "repl-diskless-sync-delay 0",
    ...(password === undefined ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
    ...users.map((user) => `user ${user}`),
    ...(replicaOf === undefined ? [] : [`replicaof ${HOST} ${replicaOf}`]),
    ...config,
  ];
  return startConfigured(lines, "Ready to accept connections", options);
}

function tlsLines(port: number, { caFile, certFile, keyFile, clientCertificates = false }: RedisTls) {
  return [
    "port 0",
    `tls-port ${port}`,
    `tls-ca-cert-file ${caFile}`,
    `tls-cert-file ${certFile}`,
    `tls-key-file ${keyFile}`,
    `tls-auth-clients ${clientCertificates ? "yes" : "no"}`,
    "tls-replication yes",
    "tls-cluster yes",
  ];
}

/** Starts redis-server with these lines of configuration; it serves once it has logged `readyLine`. */
export async function startConfigured(
  lines: (port: number) => readonly string[],
  readyLine: string,
  { port: wanted, password, tls }: Pick<RedisOptions, "port" | "password" | "tls"> = {},
  args: readonly string[] = [],
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "weir-redis-"));
  const configFile = join(folder, "redis.conf");
  let port = wanted ?? 0;
  let child: Child;

  const start = async () => {
    const [command = "", ...rest] = [...boundToParent(), findRedis(), configFile, ...args];
    child = startChild(command, rest, join(folder, "redis.log"));
    // Not whether a PING is answered: a stranger who was first to take the port would answer it too.
    await waitUntil(`Redis on port ${port}`, async () => child.tail().includes(readyLine), child);
  };
  const kill = async () => {
    child?.kill("SIGKILL");
    await child?.stop();
  };
  const stop = async () => {
    await kill();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  /** Again while the port is taken, by whoever was faster or by connections of a predecessor. */
  const untilStarted = async (prepare: () => Promise<void>) => {
    for (let attempt = 1; ; attempt++) {
      await prepare();
      try {
        return await start();
      } catch (error) {
        await kill();
        if (attempt === ATTEMPTS || !/in use/i.test(String(error))) throw error;
        await sleep(100);
      }
    }
  };

  try {
    await untilStarted(async () => {
      port = wanted ?? (await takePort());
      await writeFile(configFile, [`bind ${HOST}`, `dir ${folder}`, ...lines(port), ""].join("\n"));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const tlsOptions = tls && {
    ca: await readFile(tls.caFile),
    cert: await readFile(tls.certFile),
    key: await readFile(tls.keyFile),
  };
  return {
    port,
    url: `${tls ? "rediss" : "redis"}://${HOST}:${port}`,
    get child() {
      return child;
    },
    async command(name, ...args) {
      const redis = new Redis({
        host: HOST,
        port,
        ...(password === undefined ? {} : { password }),
        ...(tlsOptions ? { tls: tlsOptions } : {}),
        protocol: 2,
        lazyConnect: true,
        enableReadyCheck: false,
        disableClientInfo: true,
        retryStrategy: () => null,
        connectTimeout: 2000,
        commandTimeout: 5000,
      });
      // Its failures come out of call(); without a listener they would be printed as well.
      redis.on("error", () => {});
      try {
        await redis.connect();
        return await redis.call(name, ...args);
      } finally {
        redis.disconnect();
      }
    },
    kill,
    async restart() {
      await child.stop();
      await untilStarted(async () => {});
    },
    stop,
  };
}

let bound: readonly string[] | undefined;

/** What to put before a command so that it ends with this process even when that is killed; nothing off Linux. */
function boundToParent(): readonly string[] {
  if (bound) return bound;
  const prefix = ["setpriv", "--pdeathsig", "KILL"];
  const [command = "", ...args] = [...prefix, "true"];
  bound = spawnSync(command, args).status === 0 ? prefix : [];
  return bound;
}

/**
 * A port that is free, and so is the one of its cluster bus. Both are below those that a system hands out by
 * itself (from 32768 on Linux): while a server is down nobody gets its port by chance, not even a client that
 * tries to reach it and would then be connected to itself.
 */
export async function takePort(): Promise<number> {
  for (;;) {
    const port = BUS_OFFSET + 1 + Math.floor(Math.random() * 12_000);
    if ((await isFree(port)) && (await isFree(port + BUS_OFFSET))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
