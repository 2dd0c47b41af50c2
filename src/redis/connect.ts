import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, Redis } from "ioredis";
import { retryDelayMs } from "./client-options.js";
import { watchCluster } from "./cluster-watch.js";
import { DEFAULT_USER, type Environment, Password } from "./credentials.js";
import { openClient, serverNameOf } from "./open.js";
import type { RedisSettings } from "./settings.js";
import { TlsFiles } from "./tls-files.js";

export interface ConnectionEvents {
  /** What an operator should know. Told once, and again when it comes back after a connection was well. */
  readonly onProblem: (message: string) => void;
}

/**
 * What ioredis says of things that follow from others, which have been told: a command whose connection closed, and
 * sentinels all of which have been asked once.
 */
const echo = /^Connection is closed\.$|^All sentinels are unreachable\. Retrying from scratch after \d+ms\.$/;
/** What it says of them besides. */
const sentinelAsides = / Retrying from scratch after \d+ms\.(?: Last error: Connection is closed\.)?/;
/** How long closing waits for answers. */
const QUIT_MS = 250;

/**
 * Begins to connect, and goes on until {@link RedisConnection.close}, whether Redis is there or not. Resolves as soon
 * as passwords and certificates have been read, or could not be; never rejects.
 */
export async function connect(
  settings: RedisSettings,
  env: Environment,
  events: ConnectionEvents,
): Promise<RedisConnection> {
  const connection = new RedisConnection(settings, env, events);
  await connection.start();
  return connection;
}

/** A connection to Redis that comes back by itself. */
export class RedisConnection {
  /** Rejects at once what cannot be sent now, and what is in flight when its connection closes. Replays nothing. */
  readonly client: Redis | Cluster;
  readonly #username: string | null;
  readonly #password: Password;
  readonly #sentinelPassword: Password;
  readonly #tls: TlsFiles | null;
  readonly #onProblem: (message: string) => void;
  readonly #told = new Set<string>();
  #stopWatching = () => {};
  #closing = false;

  /** @param env where passwords may be */
  constructor(settings: RedisSettings, env: Environment, { onProblem }: ConnectionEvents) {
    const { topology, credentials, tls } = settings;
    this.#onProblem = onProblem;
    this.#username = credentials.kind === "none" ? null : credentials.username;
    this.#password = new Password(credentials, {
      ...{ of: "Redis", env, onProblem },
      onChange: () => this.#authenticate(),
    });
    this.#sentinelPassword = new Password(
      topology.kind === "sentinel" ? topology.credentials : { kind: "none" },
      { of: "the sentinels", env, onProblem, onChange: () => this.#greetSentinels() },
    );
    this.#tls = tls && new TlsFiles(tls, serverNameOf(settings), onProblem);
    this.client = openClient(settings, this.#tls);
  }

  /** Called once. See {@link connect}. */
  async start(): Promise<void> {
    await this.#look();
    this.#greetSentinels();
    const { client } = this;
    if (client instanceof Redis) {
      this.#adopt(client);
      client.on("error", (error) => this.#tell(error));
      // ioredis gives up when it hears of a failover while it asks a sentinel for the master.
      client.on("end", () => setTimeout(() => this.#open(), retryDelayMs(1)));
    } else {
      client.on("+node", (node: Redis) => this.#adopt(node));
      client.on("node error", (error: Error, address: string) => this.#tell(error, ` at ${address}`));
      client.on("error", (error) => this.#tell(error));
      this.#stopWatching = watchCluster(client);
    }
    this.#open();
  }

  /** Gives up a connection that seems to be there, for a new one. The nodes of a cluster see to it themselves. */
  reconnect(): void {
    if (this.client instanceof Redis && this.client.status === "ready") this.client.stream.destroy();
  }

  /** Waits for what is in flight, but not for long. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#stopWatching();
    for (const files of [this.#password, this.#sentinelPassword, this.#tls]) files?.stop();
    await Promise.race([this.client.quit().catch(() => {}), sleep(QUIT_MS)]);
    // Of a single client also after quit(): connections to sentinels are still there.
    if (this.client instanceof Redis || this.client.status !== "end") this.client.disconnect();
  }

  #open(): void {
    if (!this.#closing) this.client.connect().catch(() => {});
  }

  async #look(): Promise<void> {
    await Promise.all([this.#password.look(), this.#sentinelPassword.look(), this.#tls?.look()]);
  }

  #adopt(redis: Redis): void {
    this.#login(redis);
    redis.on("ready", () => this.#told.clear());
    redis.on("reconnecting", () => this.#look());
  }

  /** For the next time that it connects. */
  #login(redis: Redis): void {
    const password = this.#password.current;
    if (password === null) return;
    redis.options.password = password;
    if (this.#username !== null) redis.options.username = this.#username;
  }

  #authenticate(): void {
    for (const redis of this.client instanceof Redis ? [this.client] : this.client.nodes()) {
      this.#login(redis);
      if (redis.status !== "ready") continue;
      redis
        .auth(this.#username ?? DEFAULT_USER, this.#password.current ?? "")
        .catch((error: Error) => this.#onProblem(`Redis does not take the new password: ${error.message}`));
    }
  }

  #greetSentinels(): void {
    const password = this.#sentinelPassword.current;
    if (password !== null && this.client instanceof Redis) this.client.options.sentinelPassword = password;
  }

  #tell(error: Error, where = ""): void {
    const message = `Redis${where}: ${reasonOf(error)}`;
    if (echo.test(error.message) || this.#told.has(message)) return;
    this.#told.add(message);
    this.#onProblem(message);
  }
}

/** Some errors say nothing themselves: of several addresses tried, of several nodes asked. */
function reasonOf(error: Error & { code?: string; lastNodeError?: Error }): string {
  const { message, code, name, lastNodeError } = error;
  if (lastNodeError) return `${message} ${reasonOf(lastNodeError)}`;
  return message.replace(sentinelAsides, "") || code || name;
}
