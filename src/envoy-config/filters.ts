import type { LoadedPolicy } from "../config/load.js";
import { accessLogLines, byteReports } from "./access-log.js";
import { type Config, typed } from "./config.js";
import { extAuthz } from "./ext-authz.js";
import { admission, metering } from "./ext-proc.js";
import { jwtAuthn, tokenIssuersOf } from "./jwt-authn.js";
import { requestHeadersOf } from "./request-headers.js";
import { literal } from "./spelling.js";

/**
 * `lean` has only what the policy needs today. `ready` has the filters of AI APIs and the reports of bytes in any case,
 * switched off by routes and metadata, so that a policy which comes to need them changes routes and no listener.
 */
export type FilterSet = "lean" | "ready";

/** The fields of envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager that weir is about. */
export function connectionManagerFields(loaded: LoadedPolicy, set: FilterSet): Config {
  return {
    "# Takes the peer for the client; the policy's trustedProxies says how many proxies come before.": null,
    use_remote_address: true,
    "# A request that never comes to its end would hold a stream to weir for good.": null,
    request_timeout: "300s",
    "# Nor may its headers take their time, or a connection stay on for nothing.": null,
    request_headers_timeout: "10s",
    common_http_protocol_options: { idle_timeout: "900s" },
    "# How much of a body Envoy holds for weir to read: as with HTTP/1 by its buffer's limit, 1 MiB. What weir takes in one message is 64 MiB; a larger buffer than that would let requests pass unread.":
      null,
    http2_protocol_options: { initial_stream_window_size: 1_048_576, max_concurrent_streams: 100 },
    "# One spelling for one path: what weir matches is what the backend sees.": null,
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: "REJECT_REQUEST",
    "# A host is the same host with a dot at its end.": null,
    strip_trailing_host_dot: true,
    "# Headers that only the gateway may set are dropped before any filter or route can see them. `request_headers_to_remove` would come too late: it acts when the request leaves.":
      null,
    early_header_mutation_extensions: [stripping(requestHeadersOf(loaded).stripped)],
    access_log: [accessLogLines(), ...(set === "ready" || countsBytes(loaded) ? [byteReports()] : [])],
    http_filters: [
      ...weirFilters(loaded, set),
      {
        name: "envoy.filters.http.router",
        typed_config: typed("envoy.extensions.filters.http.router.v3.Router"),
      },
    ],
  };
}

/** Who it is, whether it may pass, what it asks for, what it used: in this order. */
export function weirFilters(loaded: LoadedPolicy, set: FilterSet): Config[] {
  const issuers = tokenIssuersOf(loaded);
  const ai = [...loaded.policy.apisByRef.values()].flatMap((api) => api.ai ?? []);
  const isReady = set === "ready";
  return [
    ...(issuers.length > 0 ? [jwtAuthn(issuers)] : []),
    extAuthz(loaded),
    ...(isReady || ai.some(({ readsRequest }) => readsRequest) ? [admission()] : []),
    ...(isReady || ai.length > 0 ? [metering()] : []),
  ];
}

export function countsBytes({ policy }: LoadedPolicy): boolean {
  return [...policy.limits.values()].some(({ unit }) => unit === "bytes");
}

/** In whatever mix of hyphens and underscores, which many backends take for each other (RFC 3875 section 4.1.18). */
function stripping(headers: readonly string[]): Config {
  const spellings = (name: string) => name.split(/[-_]/).map(literal).join("[-_]");
  return {
    name: "envoy.http.early_header_mutation.header_mutation",
    typed_config: typed("envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation", {
      mutations: headers.map((name) => ({
        remove_on_match: { key_matcher: { safe_regex: { regex: spellings(name) } } },
      })),
    }),
  };
}
