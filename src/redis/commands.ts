import { createHash } from "node:crypto";

/** What weir asks of a Redis client; ioredis's Redis and Cluster are such. */
export interface RedisClient {
  evalsha(sha: string, keyCount: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
  eval(script: string, keyCount: number, ...keysAndArguments: (string | number)[]): Promise<unknown>;
}

/** A script that Redis knows by its checksum, and is told again when it has forgotten. */
export class Script {
  readonly #text: string;
  readonly #sha: string;
  /** Until Redis has answered once it is sent whole: sent again on NOSCRIPT, it would fall behind later calls. */
  #isKnown = false;

  constructor(text: string) {
    this.#text = text;
    this.#sha = createHash("sha1").update(text).digest("hex");
  }

  /** The whole numbers that the script answers. Rejects with what Redis says, or that it makes no sense. */
  async run(
    client: RedisClient,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<readonly number[]> {
    const reply = await this.#call(client, [keys.length, ...keys, ...args]);
    this.#isKnown = true;
    if (Array.isArray(reply) && reply.every(Number.isSafeInteger)) return reply;
    throw new Error("Redis answered something that weir's script never says");
  }

  async #call(client: RedisClient, rest: [number, ...(string | number)[]]): Promise<unknown> {
    if (!this.#isKnown) return client.eval(this.#text, ...rest);
    try {
      return await client.evalsha(this.#sha, ...rest);
    } catch (error) {
      // It did not run: sending it whole replays nothing.
      if (!String((error as Error).message).startsWith("NOSCRIPT")) throw error;
      return client.eval(this.#text, ...rest);
    }
  }
}
