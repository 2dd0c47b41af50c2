import { type Address, parseAddress } from "../net/address.js";

/** What the URL of a single Redis says. */
export interface RedisUrl {
  readonly scheme: "redis" | "rediss" | "unix";
  readonly address: Address;
  readonly db: number;
  readonly username: string | null;
  readonly password: string | null;
}

const DEFAULT_PORT = 6379;

/**
 * Reads `redis://[user[:password]@]host[:port][/db]`, `rediss://…` (TLS) or `unix:///path`; null when it is none of
 * them. What is no letter, digit or `-._~` in a user name or password is percent-encoded.
 */
export function parseRedisUrl(text: string): RedisUrl | null {
  const [, path] = /^unix:(?:\/\/)?(\/[^/?#][^?#]*)$/.exec(text) ?? [];
  if (path !== undefined) {
    const address = parseAddress(`unix:${path}`);
    return address && { scheme: "unix", address, db: 0, username: null, password: null };
  }
  const parts =
    /^(?<scheme>rediss?):\/\/(?:(?<user>[^\s:@/?#]*)(?::(?<secret>[^\s@/?#]*))?@)?(?<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::(?<port>\d{1,5}))?(?:\/(?<db>\d{0,4}))?$/.exec(
      text,
    )?.groups;
  if (!parts) return null;
  const address = parseAddress(`${parts["host"]}:${parts["port"] ?? DEFAULT_PORT}`);
  const username = decode(parts["user"]);
  const password = decode(parts["secret"]);
  if (address?.kind !== "tcp" || address.port === 0) return null;
  if (username === undefined || password === undefined) return null;
  const scheme = parts["scheme"] === "rediss" ? "rediss" : "redis";
  return { scheme, address, db: Number(parts["db"] ?? 0), username, password };
}

/** Null for what is not there or empty, undefined for what cannot be decoded. */
function decode(text: string | undefined): string | null | undefined {
  if (!text) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
