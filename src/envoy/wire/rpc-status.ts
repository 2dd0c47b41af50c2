import { type Infer, message } from "./codec.js";
import { int32, string } from "./fields.js";

/** google.rpc.Status: `code` is a gRPC status code, where 0 is OK and means "let the request pass" in a CheckResponse. */
export const RpcStatus = message("google.rpc.Status", {
  code: int32(1),
  message: string(2),
});
export type RpcStatus = Infer<typeof RpcStatus>;
