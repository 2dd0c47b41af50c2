import { type Cluster, Redis } from "ioredis";
import type { RedisClient } from "./commands.js";

/**
 * A client that writes what is asked in one turn of the event loop at once: a write of its own for each call takes
 * longer than the call. ioredis's own pipelining would hold calls back while an answer is under way.
 */
export function inOneWrite(redis: Redis | Cluster): RedisClient {
  // The nodes of a cluster have a connection each, which is known only once a command is on its way.
  if (!(redis instanceof Redis)) return redis;
  let corked = false;
  const cork = () => {
    const { stream } = redis;
    if (corked || !stream) return;
    corked = true;
    stream.cork();
    setImmediate(() => {
      corked = false;
      stream.uncork();
    });
  };
  return {
    evalsha(sha, keyCount, ...rest) {
      cork();
      return redis.evalsha(sha, keyCount, ...rest);
    },
    eval(script, keyCount, ...rest) {
      cork();
      return redis.eval(script, keyCount, ...rest);
    },
  };
}
