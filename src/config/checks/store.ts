import type { Problem } from "../problem.js";
import { parseRedisUrl, type RedisUrl } from "../redis-url.js";
import type { RedisStoreEntry } from "../schema/store.js";
import type { Draft } from "../shape.js";
import { type File, Names } from "./names.js";

type Redis = Draft<RedisStoreEntry>;

/** Parts of a Redis store that contradict each other, or that nothing would come of. */
export function checkStore({ store }: File): Problem[] {
  if (store?.kind !== "redis") return [];
  const url = urlOf(store);
  return [...checkNodes(store), ...checkLogin(store, url), ...checkTls(store, url)];
}

/** A password in the file works, but whoever may read policies should not have it. */
export function warnOfSecrets({ store }: File): Problem[] {
  if (store?.kind !== "redis" || !urlOf(store)?.password) return [];
  const message = "has a password in clear: take password: { env: NAME } or { file: PATH } in its place";
  return [{ path: ["store", "url"], message }];
}

function urlOf({ url }: Redis): RedisUrl | null {
  return url === undefined ? null : parseRedisUrl(url);
}

function checkNodes({ sentinel, cluster }: Redis): Problem[] {
  const nodes = new Names("node");
  for (const [i, node] of (cluster ?? []).entries()) if (node) nodes.add(node, ["store", "cluster", i]);
  const sentinels = new Names("sentinel");
  for (const [i, node] of (sentinel?.nodes ?? []).entries()) {
    if (node) sentinels.add(node, ["store", "sentinel", "nodes", i]);
  }
  return [...nodes.problems, ...sentinels.problems];
}

function checkLogin(store: Redis, url: RedisUrl | null): Problem[] {
  const has = (part: keyof Redis) => Object.hasOwn(store, part);
  const problems: Problem[] = [];
  const add = (part: keyof Redis, message: string) => problems.push({ path: ["store", part], message });
  const inBoth = "is in the url too: leave one of them out";
  if (url?.username && has("username")) add("username", inBoth);
  if (url?.password && has("password")) add("password", inBoth);
  const anyPassword = has("password") || url?.password || (has("url") && !url);
  if (has("username") && !anyPassword) add("username", "has no effect without password");
  if (url?.username && !anyPassword) add("url", "names a user: give the password under password");
  if (has("sentinelPassword") && !has("sentinel")) add("sentinelPassword", "has no effect without sentinel");
  return problems;
}

function checkTls(store: Redis, url: RedisUrl | null): Problem[] {
  if (!Object.hasOwn(store, "tls")) return [];
  const path = ["store", "tls"];
  if (url?.scheme === "redis")
    return [{ path, message: "has no effect with redis://: write rediss:// in url" }];
  if (url?.scheme === "unix") return [{ path, message: "has no effect with unix://: a socket has no TLS" }];
  return [];
}
