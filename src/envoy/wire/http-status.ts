import { type Infer, message } from "./codec.js";
import { enumeration } from "./fields.js";

/** envoy.type.v3.StatusCode, those that weir may answer with. Envoy refuses a number that its enum does not have. */
export const StatusCode = {
  Empty: 0,
  OK: 200,
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  PayloadTooLarge: 413,
  TooManyRequests: 429,
  InternalServerError: 500,
  ServiceUnavailable: 503,
} as const;

/** envoy.type.v3.HttpStatus. */
export const HttpStatus = message("envoy.type.v3.HttpStatus", {
  code: enumeration(1, "envoy.type.v3.StatusCode", StatusCode),
});
export type HttpStatus = Infer<typeof HttpStatus>;
