import { HeaderValueOption } from "./base.js";
import { type Infer, type Init, message } from "./codec.js";
import { bool, bytes, embedded, enumeration, member, repeated, string } from "./fields.js";
import { HttpStatus } from "./http-status.js";
import { ProcessingMode } from "./processing-mode.js";
import { Struct } from "./struct.js";

/** envoy.service.ext_proc.v3.HeaderMutation: give values in `rawValue`. */
export const HeaderMutation = message("envoy.service.ext_proc.v3.HeaderMutation", {
  setHeaders: repeated(embedded(1, HeaderValueOption)),
  removeHeaders: repeated(string(2)),
});
export type HeaderMutationInit = Init<typeof HeaderMutation>;

/** envoy.service.ext_proc.v3.BodyMutation: give one of the two; an empty `body` is a replacement as well. */
export const BodyMutation = message("envoy.service.ext_proc.v3.BodyMutation", {
  body: member(bytes(1)),
  clearBody: member(bool(2)),
});
export type BodyMutationInit = Init<typeof BodyMutation>;

/** envoy.service.ext_proc.v3.CommonResponse.ResponseStatus. */
export const ResponseStatus = { CONTINUE: 0, CONTINUE_AND_REPLACE: 1 } as const;

/** envoy.service.ext_proc.v3.CommonResponse: go on, with these changes. */
export const CommonResponse = message("envoy.service.ext_proc.v3.CommonResponse", {
  status: enumeration(1, "envoy.service.ext_proc.v3.CommonResponse.ResponseStatus", ResponseStatus),
  headerMutation: embedded(2, HeaderMutation),
  bodyMutation: embedded(3, BodyMutation),
  clearRouteCache: bool(5),
});
export type CommonResponseInit = Init<typeof CommonResponse>;

/** envoy.service.ext_proc.v3.HeadersResponse. */
export const HeadersResponse = message("envoy.service.ext_proc.v3.HeadersResponse", {
  response: embedded(1, CommonResponse),
});

/** envoy.service.ext_proc.v3.BodyResponse. */
export const BodyResponse = message("envoy.service.ext_proc.v3.BodyResponse", {
  response: embedded(1, CommonResponse),
});

/** envoy.service.ext_proc.v3.TrailersResponse. */
export const TrailersResponse = message("envoy.service.ext_proc.v3.TrailersResponse", {
  headerMutation: embedded(1, HeaderMutation),
});

/** envoy.service.ext_proc.v3.ImmediateResponse: what the client gets instead; the stream ends with it. */
export const ImmediateResponse = message("envoy.service.ext_proc.v3.ImmediateResponse", {
  status: embedded(1, HttpStatus),
  headers: embedded(2, HeaderMutation),
  body: bytes(3),
  /** For Envoy's access log (RESPONSE_CODE_DETAILS), not for the client. */
  details: string(5),
});
export type ImmediateResponseInit = Init<typeof ImmediateResponse>;

/** envoy.service.ext_proc.v3.ProcessingResponse: give the part that answers the request's, or `immediateResponse`. */
export const ProcessingResponse = message("envoy.service.ext_proc.v3.ProcessingResponse", {
  requestHeaders: embedded(1, HeadersResponse),
  responseHeaders: embedded(2, HeadersResponse),
  requestBody: embedded(3, BodyResponse),
  responseBody: embedded(4, BodyResponse),
  requestTrailers: embedded(5, TrailersResponse),
  responseTrailers: embedded(6, TrailersResponse),
  immediateResponse: embedded(7, ImmediateResponse),
  /** Keys are namespaces. Those not in the filter's `metadata_options.receiving_namespaces` are ignored. */
  dynamicMetadata: embedded(8, Struct),
  /** Heeded in an answer to headers only, and with the filter's `allow_mode_override`. */
  modeOverride: embedded(9, ProcessingMode),
});
export type ProcessingResponse = Infer<typeof ProcessingResponse>;
export type ProcessingResponseInit = Init<typeof ProcessingResponse>;
