/** Where a server listens. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Longer paths are cut off by the system without a word (`sun_path`). */
const MAX_UNIX_PATH_BYTES = 107;

/** Reads `host:port`, `[ipv6]:port` or `unix:/path`; null when it is none of them. Port 0 stands for a free one. */
export function parseAddress(text: string): Address | null {
  const [, path] = /^unix:(\/.+)$/.exec(text) ?? [];
  if (path !== undefined)
    return Buffer.byteLength(path) <= MAX_UNIX_PATH_BYTES ? { kind: "unix", path } : null;
  const [, ipv6, name, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^[\]:/\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  return host !== undefined && port <= 65_535 ? { kind: "tcp", host, port } : null;
}

/** The reverse of {@link parseAddress}. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
