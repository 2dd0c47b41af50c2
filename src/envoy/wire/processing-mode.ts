import { type Infer, message } from "./codec.js";
import { enumeration } from "./fields.js";

const SCOPE = "envoy.extensions.filters.http.ext_proc.v3.ProcessingMode";

/** envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode. */
export const HeaderSendMode = { DEFAULT: 0, SEND: 1, SKIP: 2 } as const;

/** envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode. */
export const BodySendMode = {
  NONE: 0,
  STREAMED: 1,
  BUFFERED: 2,
  BUFFERED_PARTIAL: 3,
  FULL_DUPLEX_STREAMED: 4,
  GRPC: 5,
} as const;

/** A BodySendMode field. */
export const bodySendMode = (number: number) => enumeration(number, `${SCOPE}.BodySendMode`, BodySendMode);

const headerSendMode = (number: number) => enumeration(number, `${SCOPE}.HeaderSendMode`, HeaderSendMode);

/** envoy.extensions.filters.http.ext_proc.v3.ProcessingMode: which parts Envoy sends to ext_proc. */
export const ProcessingMode = message(SCOPE, {
  requestHeaderMode: headerSendMode(1),
  responseHeaderMode: headerSendMode(2),
  requestBodyMode: bodySendMode(3),
  responseBodyMode: bodySendMode(4),
  requestTrailerMode: headerSendMode(5),
  responseTrailerMode: headerSendMode(6),
});
export type ProcessingMode = Infer<typeof ProcessingMode>;
