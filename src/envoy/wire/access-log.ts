import { Metadata } from "./base.js";
import { type Infer, type Init, message } from "./codec.js";
import { embedded, enumeration, repeated, uint64 } from "./fields.js";

/** envoy.data.accesslog.v3.AccessLogType: what an entry is written for. */
export const AccessLogType = {
  NotSet: 0,
  DownstreamStart: 4,
  DownstreamPeriodic: 5,
  DownstreamEnd: 6,
  UpstreamEnd: 9,
} as const;

/** envoy.data.accesslog.v3.AccessLogCommon. */
export const AccessLogCommon = message("envoy.data.accesslog.v3.AccessLogCommon", {
  /** What all filters left. */
  metadata: embedded(17, Metadata),
  accessLogType: enumeration(33, "envoy.data.accesslog.v3.AccessLogType", AccessLogType),
});

/** envoy.data.accesslog.v3.HTTPRequestProperties. */
export const HTTPRequestProperties = message("envoy.data.accesslog.v3.HTTPRequestProperties", {
  /** Of the body as the client sent it, without what frames it. */
  requestBodyBytes: uint64(12),
});

/** envoy.data.accesslog.v3.HTTPResponseProperties. */
export const HTTPResponseProperties = message("envoy.data.accesslog.v3.HTTPResponseProperties", {
  /** Of the body as the client was sent it, without what frames it. */
  responseBodyBytes: uint64(3),
});

/** envoy.data.accesslog.v3.HTTPAccessLogEntry. */
export const HTTPAccessLogEntry = message("envoy.data.accesslog.v3.HTTPAccessLogEntry", {
  commonProperties: embedded(1, AccessLogCommon),
  request: embedded(3, HTTPRequestProperties),
  response: embedded(4, HTTPResponseProperties),
});
export type HTTPAccessLogEntry = Infer<typeof HTTPAccessLogEntry>;

/** envoy.service.accesslog.v3.StreamAccessLogsMessage.HTTPAccessLogEntries. */
export const HTTPAccessLogEntries = message(
  "envoy.service.accesslog.v3.StreamAccessLogsMessage.HTTPAccessLogEntries",
  { logEntry: repeated(embedded(1, HTTPAccessLogEntry)) },
);

/** envoy.service.accesslog.v3.StreamAccessLogsMessage: a batch of entries. */
export const StreamAccessLogsMessage = message("envoy.service.accesslog.v3.StreamAccessLogsMessage", {
  /** Absent where Envoy logs connections instead of requests. */
  httpLogs: embedded(2, HTTPAccessLogEntries),
});
export type StreamAccessLogsMessage = Infer<typeof StreamAccessLogsMessage>;

/** envoy.service.accesslog.v3.StreamAccessLogsResponse: ends the stream, and says nothing else. */
export const StreamAccessLogsResponse = message("envoy.service.accesslog.v3.StreamAccessLogsResponse", {});
export type StreamAccessLogsResponse = Infer<typeof StreamAccessLogsResponse>;
export type StreamAccessLogsResponseInit = Init<typeof StreamAccessLogsResponse>;
