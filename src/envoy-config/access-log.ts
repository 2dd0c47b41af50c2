import { AUTHZ_NAMESPACE } from "../envoy/metadata.js";
import { ADMISSION_NAMESPACE } from "../envoy/reservation.js";
import { type Config, typed } from "./config.js";
import { WEIR_CLUSTER } from "./weir-clusters.js";

/** What weir says of its decision; see `envoy/metadata`. */
const fields = ["decision", "level", "limit", "api", "resource", "application", "environment"] as const;

/** A line of JSON for each request, with what weir decided and which limit decided it. */
export function accessLogLines(): Config {
  return {
    name: "envoy.access_loggers.stdout",
    typed_config: typed("envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", {
      log_format: {
        json_format: lineFields(),
      },
    }),
  };
}

/** Operators of Envoy's by what they are called in a line. */
export function lineFields(): Config {
  const weir = (field: string) => `%DYNAMIC_METADATA(${AUTHZ_NAMESPACE}:weir:${field})%`;
  return {
    time: "%START_TIME%",
    method: "%REQ(:METHOD)%",
    "# Without the query, which may hold a key or a token.": null,
    path: "%PATH(NQ:ORIG_OR_PATH)%",
    status: "%RESPONSE_CODE%",
    details: "%RESPONSE_CODE_DETAILS%",
    duration_ms: "%DURATION%",
    request_id: "%REQ(X-REQUEST-ID)%",
    cluster: "%UPSTREAM_CLUSTER_RAW%",
    ...Object.fromEntries(fields.map((field) => [field, weir(field)])),
    "# What was decided of a request to a model when it was read.": null,
    admission: `%DYNAMIC_METADATA(${ADMISSION_NAMESPACE})%`,
  };
}

/** Tells weir how many bytes a request and its response had, for limits on `bytes`. */
export function byteReports(): Config {
  return {
    "# How many bytes a request and its response had, for limits on `bytes`.": null,
    name: "envoy.access_loggers.http_grpc",
    "# Only of requests whose decision names counters of bytes.": null,
    filter: {
      metadata_filter: {
        matcher: {
          filter: AUTHZ_NAMESPACE,
          path: [{ key: "weir" }, { key: "bytes" }],
          value: { present_match: true },
        },
        "# What weir has not decided on is not its to count. Envoy's default is true.": null,
        match_if_key_not_found: false,
      },
    },
    typed_config: typed("envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig", {
      common_config: {
        log_name: "weir",
        transport_api_version: "V3",
        "# No timeout: the stream stays open.": null,
        grpc_service: { envoy_grpc: { cluster_name: WEIR_CLUSTER } },
        "# How late bytes are charged, at the most. Envoy's default is 1s.": null,
        buffer_flush_interval: "0.2s",
      },
    }),
  };
}
