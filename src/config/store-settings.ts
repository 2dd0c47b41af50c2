import { parseAddress } from "../net/address.js";
import type { Credentials, Endpoint, RedisSettings, TlsSettings, Topology } from "../redis/settings.js";
import { parseRedisUrl } from "./redis-url.js";
import type { PasswordEntry, RedisStoreEntry } from "./schema/store.js";

const DEFAULT_DEADLINE_MS = 25;

/** What a `store` of kind redis, which has no mistakes left, says in full. */
export function redisSettings(entry: RedisStoreEntry): RedisSettings {
  return {
    topology: topologyOf(entry),
    credentials: credentialsOf(entry),
    tls: tlsOf(entry),
    mode: entry.mode ?? "leased",
    onError: entry.onError ?? "local",
    deadlineMs: entry.deadlineMs ?? DEFAULT_DEADLINE_MS,
    prefix: entry.prefix ?? "weir",
  };
}

function topologyOf({ url, sentinel, cluster, sentinelPassword }: RedisStoreEntry): Topology {
  if (sentinel) {
    const { name, nodes, db = 0 } = sentinel;
    const credentials = secretOf(null, sentinelPassword);
    return { kind: "sentinel", name, nodes: nodes.map(endpointOf), db, credentials };
  }
  if (cluster) return { kind: "cluster", nodes: cluster.map(endpointOf) };
  const parsed = parseRedisUrl(url ?? "");
  if (!parsed) throw new Error("store not checked");
  return { kind: "single", address: parsed.address, db: parsed.db };
}

/** The user and the password stand in the URL or beside it, each in one of the places. */
function credentialsOf({ url, username, password }: RedisStoreEntry): Credentials {
  const inUrl = url === undefined ? null : parseRedisUrl(url);
  const user = username ?? inUrl?.username ?? null;
  if (inUrl?.password) return { kind: "fixed", username: user, password: inUrl.password };
  return secretOf(user, password);
}

function secretOf(username: string | null, { env, file }: PasswordEntry = {}): Credentials {
  if (env !== undefined) return { kind: "env", username, name: env };
  return file === undefined ? { kind: "none" } : { kind: "file", username, path: file };
}

function tlsOf({ url, tls }: RedisStoreEntry): TlsSettings | null {
  if (tls === undefined && !url?.startsWith("rediss:")) return null;
  const { ca = null, cert, key, serverName = null } = typeof tls === "object" ? tls : {};
  const client = cert === undefined || key === undefined ? null : { cert, key };
  return { ca, client, serverName };
}

function endpointOf(text: string): Endpoint {
  const address = parseAddress(text);
  if (address?.kind !== "tcp") throw new Error(`node not checked: ${text}`);
  return { host: address.host, port: address.port };
}
