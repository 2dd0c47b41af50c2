import * as accessLog from "../../../src/envoy/wire/access-log.js";
import * as address from "../../../src/envoy/wire/address.js";
import * as attributeContext from "../../../src/envoy/wire/attribute-context.js";
import * as authz from "../../../src/envoy/wire/authz.js";
import * as base from "../../../src/envoy/wire/base.js";
import type { Message } from "../../../src/envoy/wire/codec.js";
import * as extProcRequest from "../../../src/envoy/wire/ext-proc-request.js";
import * as extProcResponse from "../../../src/envoy/wire/ext-proc-response.js";
import * as httpStatus from "../../../src/envoy/wire/http-status.js";
import * as processingMode from "../../../src/envoy/wire/processing-mode.js";
import * as rpcStatus from "../../../src/envoy/wire/rpc-status.js";

const exported: unknown[] = [
  accessLog,
  address,
  attributeContext,
  authz,
  base,
  extProcRequest,
  extProcResponse,
  httpStatus,
  processingMode,
  rpcStatus,
].flatMap((module) => Object.values(module));

/** Every message table of src/envoy/wire. google.protobuf.Struct is read by hand and has none. */
export const tables = exported.filter(isMessage);

function isMessage(value: unknown): value is Message<unknown, unknown> {
  return typeof value === "object" && value !== null && "decode" in value;
}
