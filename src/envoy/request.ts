import type { HttpRequest } from "../policy/request.js";
import { joinedHeaders } from "./header.js";
import type { HttpRequest as WireHttpRequest } from "./wire/attribute-context.js";
import type { CheckRequest } from "./wire/authz.js";

/** The request that Envoy asks about; null when the message describes no HTTP request. */
export function readCheckRequest({ attributes }: CheckRequest): HttpRequest | null {
  const http = attributes?.request?.http;
  if (!attributes || !http?.method || !http.path) return null;
  return {
    method: http.method,
    host: http.host,
    path: http.path,
    headers: readHeaders(http),
    peerAddress: attributes.source?.address?.socketAddress?.address ?? "",
    peerPrincipal: attributes.source?.principal ?? "",
    route: readRoute(attributes.contextExtensions),
    metadata: attributes.metadataContext?.filterMetadata ?? new Map(),
  };
}

/** With `encode_raw_headers` Envoy fills `header_map` and leaves `headers` empty. */
function readHeaders({ headers, headerMap }: WireHttpRequest): ReadonlyMap<string, string> {
  return headers.size > 0 || !headerMap ? headers : joinedHeaders(headerMap);
}

/** ExtAuthzPerRoute.check_settings.context_extensions, which no client can touch. */
function readRoute(extensions: ReadonlyMap<string, string>): HttpRequest["route"] {
  return { api: extensions.get("api") ?? null, resource: extensions.get("resource") ?? null };
}
