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
  /** What earlier Envoy filters found out, by their namespace. */
  readonly metadata: ReadonlyMap<string, Json>;
}
