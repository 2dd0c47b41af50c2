/** A JSON value as Envoy's metadata carries it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A request as Envoy describes it to ext_authz, before anything is known of who sent it. */
export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Host or authority, with the port where the client gave one. */
  readonly host: string;
  /** Path and query as received. */
  readonly path: string;
  /** By lower-case name; the values of a repeated header are joined with commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** Address of the peer, without port. */
  readonly peerAddress: string;
  /** What mutual TLS proved of the peer: the URI, DNS name or subject of its certificate; empty without. */
  readonly peerPrincipal: string;
  /** What the route that Envoy picked says that the request is for, by reference and name. */
  readonly route: { readonly api: string | null; readonly resource: string | null };
  /** What earlier Envoy filters found out, by their namespace. */
  readonly metadata: ReadonlyMap<string, Json>;
}

/** The member of a JSON object, never of its prototype. */
export function member(value: Json | undefined, key: string): Json | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, key) ? (value as Record<string, Json>)[key] : undefined;
}

/** The first value of a query parameter, decoded. */
export function queryParameter(path: string, name: string): string | null {
  const start = path.indexOf("?");
  return start < 0 ? null : new URLSearchParams(path.slice(start + 1)).get(name);
}

/** The value of a cookie (RFC 6265 section 4.2). */
export function cookie(headers: ReadonlyMap<string, string>, name: string): string | null {
  for (const pair of (headers.get("cookie") ?? "").split(/[;,]/)) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) {
      return pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1");
    }
  }
  return null;
}
