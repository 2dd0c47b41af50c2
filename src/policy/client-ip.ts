import { contains, parseIp, parseIpRange } from "./ip-range.js";
import type { HttpRequest } from "./request.js";

/**
 * The client's address, `trustedProxies` proxies before Envoy. Each proxy appends the address that it was called
 * from to X-Forwarded-For, so only the last entries are worth anything; what a client wrote itself stands before
 * them. A request that came past fewer proxies is taken for its peer's.
 */
export function clientIp({ peerAddress, headers }: HttpRequest, trustedProxies: number): string {
  if (trustedProxies === 0) return peerAddress;
  const hops = (headers.get("x-forwarded-for") ?? "")
    .split(",")
    .map((hop) => withoutPort(hop.trim()))
    .filter((hop) => hop !== "");
  if (!hasAppended(hops, peerAddress)) hops.push(peerAddress);
  const hop = hops.at(-1 - trustedProxies);
  return hop !== undefined && parseIp(hop) ? hop : peerAddress;
}

/** Some proxies write `203.0.113.7:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  const [, address] =
    /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(hop)?.filter((part) => part !== undefined) ?? [];
  return address ?? hop;
}

/**
 * Whether Envoy has put the peer at the end, as it does with `use_remote_address`. For a peer on its own machine it
 * puts an address of the machine's instead of the loopback one.
 */
function hasAppended(hops: readonly string[], peerAddress: string): boolean {
  if (hops.at(-1) === peerAddress) return true;
  const peer = parseIp(peerAddress);
  return peer !== null && loopback.some((range) => range !== null && contains(range, peer));
}

const loopback = [parseIpRange("127.0.0.0/8"), parseIpRange("::1")];
