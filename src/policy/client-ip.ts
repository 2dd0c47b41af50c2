import { parseIp } from "./ip-range.js";
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
    .map((hop) => hop.trim())
    .filter((hop) => hop !== "");
  // With `use_remote_address` Envoy has appended the peer already.
  if (hops.at(-1) !== peerAddress) hops.push(peerAddress);
  const hop = hops.at(-1 - trustedProxies);
  return hop !== undefined && parseIp(hop) ? hop : peerAddress;
}
