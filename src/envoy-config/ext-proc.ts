import { AUTHZ_NAMESPACE } from "../envoy/metadata.js";
import { ADMISSION_NAMESPACE } from "../envoy/reservation.js";
import { type Config, typed } from "./config.js";
import { WEIR_AI_CLUSTER } from "./weir-clusters.js";

export const ADMISSION_FILTER = "weir.admission";
export const METERING_FILTER = "weir.metering";

const EXTERNAL_PROCESSOR = "envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor";

const grpc_service = { envoy_grpc: { cluster_name: WEIR_AI_CLUSTER } };
/** How weir's decision reaches its admission and metering, and what is reserved the metering and access logs. */
const forwarding_namespaces = { untyped: [AUTHZ_NAMESPACE, ADMISSION_NAMESPACE] };

/** envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor, which waits for weir's word on a request to a model. */
export function admission(): Config {
  return {
    "# Reads what requests ask models for, where weir has to know that before they pass: to reserve tokens, to find limits of a model, to have usage included. Other requests are let go by their headers.":
      null,
    name: ADMISSION_FILTER,
    "# Off, but for the routes that turn it on.": null,
    disabled: true,
    typed_config: typed(EXTERNAL_PROCESSOR, {
      grpc_service,
      "# A weir that fails between its decision and this lets the request pass; it is charged afterwards.":
        null,
      failure_mode_allow: true,
      "# For each answer. weir answers within its store's deadline.": null,
      message_timeout: "1s",
      "# weir asks for the body, the headers of the response or the response itself where it needs them.":
        null,
      allow_mode_override: true,
      processing_mode: {
        request_header_mode: "SEND",
        response_header_mode: "SKIP",
        request_body_mode: "NONE",
        response_body_mode: "NONE",
      },
      metadata_options: {
        forwarding_namespaces,
        receiving_namespaces: { untyped: [ADMISSION_NAMESPACE] },
      },
    }),
  };
}

/** The same, which gives weir a copy of every response to read. */
export function metering(): Config {
  return {
    "# Reads what responses say they used.": null,
    name: METERING_FILTER,
    disabled: true,
    typed_config: typed(EXTERNAL_PROCESSOR, {
      grpc_service,
      "# Envoy sends a copy of the response and waits for nothing.": null,
      observability_mode: true,
      "# A weir that dies must not cut a client's stream in the middle.": null,
      failure_mode_allow: true,
      deferred_close_timeout: "5s",
      processing_mode: {
        "# With it, weir knows of requests whose clients do not wait for a response.": null,
        request_header_mode: "SEND",
        response_header_mode: "SEND",
        response_body_mode: "STREAMED",
        "# The last piece of a body is not marked as such when trailers follow.": null,
        response_trailer_mode: "SEND",
      },
      "# How long the request's body was, which a chunked one does not say beforehand.": null,
      response_attributes: ["request.size"],
      metadata_options: { forwarding_namespaces },
    }),
  };
}
