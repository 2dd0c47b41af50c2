import { HeaderMap, Metadata } from "./base.js";
import { type Infer, message } from "./codec.js";
import { bool, bytes, embedded, mapOf } from "./fields.js";
import { bodySendMode } from "./processing-mode.js";
import { Struct } from "./struct.js";

/** envoy.service.ext_proc.v3.HttpHeaders: values are in `rawValue`, pseudo headers such as ":path" among them. */
export const HttpHeaders = message("envoy.service.ext_proc.v3.HttpHeaders", {
  headers: embedded(1, HeaderMap),
  /** True when neither a body nor trailers follow. */
  endOfStream: bool(3),
});
export type HttpHeaders = Infer<typeof HttpHeaders>;

/** envoy.service.ext_proc.v3.HttpBody: a piece of the body, or all of it, as the filter's body mode says. */
export const HttpBody = message("envoy.service.ext_proc.v3.HttpBody", {
  body: bytes(1),
  /** True for the last piece, unless trailers follow: then no piece is marked. */
  endOfStream: bool(2),
});
export type HttpBody = Infer<typeof HttpBody>;

/** envoy.service.ext_proc.v3.HttpTrailers. */
export const HttpTrailers = message("envoy.service.ext_proc.v3.HttpTrailers", {
  trailers: embedded(1, HeaderMap),
});
export type HttpTrailers = Infer<typeof HttpTrailers>;

/** envoy.service.ext_proc.v3.ProtocolConfiguration: how the filter is set, in the stream's first message only. */
export const ProtocolConfiguration = message("envoy.service.ext_proc.v3.ProtocolConfiguration", {
  requestBodyMode: bodySendMode(1),
  responseBodyMode: bodySendMode(2),
  sendBodyWithoutWaitingForHeaderResponse: bool(3),
});
export type ProtocolConfiguration = Infer<typeof ProtocolConfiguration>;

/** envoy.service.ext_proc.v3.ProcessingRequest: exactly one of the six parts is set. */
export const ProcessingRequest = message("envoy.service.ext_proc.v3.ProcessingRequest", {
  requestHeaders: embedded(2, HttpHeaders),
  responseHeaders: embedded(3, HttpHeaders),
  requestBody: embedded(4, HttpBody),
  responseBody: embedded(5, HttpBody),
  requestTrailers: embedded(6, HttpTrailers),
  responseTrailers: embedded(7, HttpTrailers),
  /** What earlier filters left, of the namespaces in the filter's `metadata_options.forwarding_namespaces`. */
  metadataContext: embedded(8, Metadata),
  /** What the filter's `request_attributes` and `response_attributes` ask for, under "envoy.filters.http.ext_proc". */
  attributes: mapOf(9, Struct),
  /** True when Envoy waits for no answer and must be given none. */
  observabilityMode: bool(10),
  protocolConfig: embedded(11, ProtocolConfiguration),
});
export type ProcessingRequest = Infer<typeof ProcessingRequest>;
