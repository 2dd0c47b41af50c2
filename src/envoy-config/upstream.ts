import { isIP } from "node:net";
import type { UpstreamEntry } from "../config/schema/upstream.js";

/** A backend, as a cluster of Envoy's. Backends with the same host and port are one. */
export interface Upstream {
  /** The cluster's name: `orders:8080`. */
  readonly cluster: string;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly isHttp2: boolean;
}

/** Where the requests of an API go. */
export interface Destination {
  readonly upstream: Upstream;
  /** What takes the place of the API's prefix, without a slash at its end; null where the path stays as it is. */
  readonly basePath: string | null;
  /** How long an answer may take to its end, 0 for ever; null where the policy does not say. */
  readonly timeoutMs: number | null;
}

/** Reads where a policy's `url` leads. Its path counts as soon as it has one, as in nginx's proxy_pass. */
export function destinationOf({ url: text, http2 = false, timeoutMs }: UpstreamEntry): Destination {
  const url = new URL(text);
  const isTls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port) || (isTls ? 443 : 80);
  // What the port does not say.
  const scheme = isTls === (port === 443) ? "" : isTls ? "https " : "http ";
  const cluster = `${scheme}${url.hostname}:${port}${http2 ? " h2" : ""}`;
  const hasPath = /^https?:\/\/[^/]+\//i.test(text);
  return {
    upstream: { cluster, host, port, isTls, isHttp2: http2 },
    basePath: hasPath ? url.pathname.replace(/\/+$/, "") : null,
    timeoutMs: timeoutMs ?? null,
  };
}

/** Whether Envoy need not look the host up. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0;
}
