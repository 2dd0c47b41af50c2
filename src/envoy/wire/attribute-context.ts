import { Address } from "./address.js";
import { HeaderMap, Metadata } from "./base.js";
import { type Infer, message } from "./codec.js";
import { bytes, embedded, int64, map, string } from "./fields.js";

/** envoy.service.auth.v3.AttributeContext.Peer: who sent the request, as far as the connection tells. */
export const Peer = message("envoy.service.auth.v3.AttributeContext.Peer", {
  address: embedded(1, Address),
  service: string(2),
  /** What mTLS proved: the URI or DNS name of the peer's certificate. */
  principal: string(4),
});
export type Peer = Infer<typeof Peer>;

/** envoy.service.auth.v3.AttributeContext.HttpRequest. */
export const HttpRequest = message("envoy.service.auth.v3.AttributeContext.HttpRequest", {
  id: string(1),
  method: string(2),
  /** Lower-case names; values of the same name are joined by commas. Empty under `encode_raw_headers`. */
  headers: map(3),
  /** Under `encode_raw_headers` of the ext_authz filter, the headers with their values in `rawValue`. */
  headerMap: embedded(13, HeaderMap),
  /** With the query. */
  path: string(4),
  host: string(5),
  scheme: string(6),
  /** Always empty: Envoy leaves the query in `path`. */
  query: string(7),
  fragment: string(8),
  /** Bytes of the body, or -1 when not known. */
  size: int64(9),
  protocol: string(10),
  body: string(11),
  rawBody: bytes(12),
});
export type HttpRequest = Infer<typeof HttpRequest>;

/** envoy.service.auth.v3.AttributeContext.Request. */
export const Request = message("envoy.service.auth.v3.AttributeContext.Request", {
  http: embedded(2, HttpRequest),
});
export type Request = Infer<typeof Request>;

/** envoy.service.auth.v3.AttributeContext: what Envoy tells about a request. */
export const AttributeContext = message("envoy.service.auth.v3.AttributeContext", {
  source: embedded(1, Peer),
  request: embedded(4, Request),
  /** What the route's own ext_authz configuration adds. */
  contextExtensions: map(10),
  /** The namespaces listed in the filter's `metadata_context_namespaces`, such as a verified JWT's claims. */
  metadataContext: embedded(11, Metadata),
  routeMetadataContext: embedded(13, Metadata),
});
export type AttributeContext = Infer<typeof AttributeContext>;
