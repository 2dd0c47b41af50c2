import { AttributeContext } from "./attribute-context.js";
import { HeaderValueOption } from "./base.js";
import { type Infer, type Init, message } from "./codec.js";
import { embedded, repeated, string } from "./fields.js";
import { HttpStatus } from "./http-status.js";
import { RpcStatus } from "./rpc-status.js";
import { Struct } from "./struct.js";

/** envoy.service.auth.v3.CheckRequest. */
export const CheckRequest = message("envoy.service.auth.v3.CheckRequest", {
  attributes: embedded(1, AttributeContext),
});
export type CheckRequest = Infer<typeof CheckRequest>;

/** envoy.service.auth.v3.DeniedHttpResponse: what the client gets instead of the upstream's answer. */
export const DeniedHttpResponse = message("envoy.service.auth.v3.DeniedHttpResponse", {
  /** 403 when left out. */
  status: embedded(1, HttpStatus),
  headers: repeated(embedded(2, HeaderValueOption)),
  body: string(3),
});
export type DeniedHttpResponseInit = Init<typeof DeniedHttpResponse>;

/** envoy.service.auth.v3.OkHttpResponse: how the request and its response are changed on their way. */
export const OkHttpResponse = message("envoy.service.auth.v3.OkHttpResponse", {
  /** For the upstream. */
  headers: repeated(embedded(2, HeaderValueOption)),
  /** From the request. */
  headersToRemove: repeated(string(5)),
  /** For the client. */
  responseHeadersToAdd: repeated(embedded(6, HeaderValueOption)),
});
export type OkHttpResponseInit = Init<typeof OkHttpResponse>;

/** envoy.service.auth.v3.CheckResponse: give one of `deniedResponse` and `okResponse`, to go with `status`. */
export const CheckResponse = message("envoy.service.auth.v3.CheckResponse", {
  /** Left out, Envoy takes it as OK. */
  status: embedded(1, RpcStatus),
  deniedResponse: embedded(2, DeniedHttpResponse),
  okResponse: embedded(3, OkHttpResponse),
  /** Set under the namespace "envoy.filters.http.ext_authz", where access logs and ext_proc find it. */
  dynamicMetadata: embedded(4, Struct),
});
export type CheckResponse = Infer<typeof CheckResponse>;
export type CheckResponseInit = Init<typeof CheckResponse>;
