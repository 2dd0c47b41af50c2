import type { LoadedPolicy } from "../config/load.js";
import { type Config, typed } from "./config.js";
import { requestHeadersOf } from "./request-headers.js";
import { WEIR_CLUSTER } from "./weir-clusters.js";

export const AUTHZ_FILTER = "envoy.filters.http.ext_authz";

/** envoy.extensions.filters.http.ext_authz.v3.ExtAuthz, which asks weir about every request. */
export function extAuthz(loaded: LoadedPolicy): Config {
  const isOpen = loaded.file.onUnavailable === "allow";
  const namespaces = new Set(
    loaded.policy.identity.flatMap((source) => (source.kind === "jwt" ? [source.metadata[0]] : [])),
  );
  return {
    name: AUTHZ_FILTER,
    typed_config: typed("envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", {
      transport_api_version: "V3",
      grpc_service: { envoy_grpc: { cluster_name: WEIR_CLUSTER }, timeout: "0.25s" },
      [isOpen
        ? "# onUnavailable: allow. Without weir everything passes, unlimited."
        : "# onUnavailable: deny. Without weir nothing passes."]: null,
      failure_mode_allow: isOpen,
      // So that a backend can tell them from those that weir let pass.
      ...(isOpen && { failure_mode_allow_header_add: true }),
      status_on_error: { code: "ServiceUnavailable" },
      "# The route was picked before weir named the environment: pick it again.": null,
      clear_route_cache: true,
      "# Weir's answers are no failures of the backend's cluster.": null,
      charge_cluster_response_stats: false,
      "# Only what the policy reads; decoding headers is most of what a decision costs.": null,
      allowed_headers: { patterns: requestHeadersOf(loaded).read.map((exact) => ({ exact })) },
      ...(namespaces.size > 0 && {
        "# What was verified of a token.": null,
        metadata_context_namespaces: [...namespaces],
      }),
    }),
  };
}
