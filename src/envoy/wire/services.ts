import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServiceDefinition,
} from "@grpc/grpc-js";
import {
  StreamAccessLogsMessage,
  StreamAccessLogsResponse,
  type StreamAccessLogsResponseInit,
} from "./access-log.js";
import { CheckRequest, CheckResponse, type CheckResponseInit } from "./authz.js";
import type { Message } from "./codec.js";
import { ProcessingRequest } from "./ext-proc-request.js";
import { ProcessingResponse, type ProcessingResponseInit } from "./ext-proc-response.js";

/** What a server of envoy.service.auth.v3.Authorization implements. */
export type AuthorizationHandlers = {
  check: handleUnaryCall<CheckRequest, CheckResponseInit>;
};

/** What a server of envoy.service.ext_proc.v3.ExternalProcessor implements. */
export type ExternalProcessorHandlers = {
  process: handleBidiStreamingCall<ProcessingRequest, ProcessingResponseInit>;
};

/** What a server of envoy.service.accesslog.v3.AccessLogService implements. */
export type AccessLogHandlers = {
  streamAccessLogs: handleClientStreamingCall<StreamAccessLogsMessage, StreamAccessLogsResponseInit>;
};

/**
 * envoy.service.auth.v3.Authorization, for grpc-js. Requests that cannot be decoded end in INTERNAL, which the
 * filter treats as a failure of the service (`failure_mode_allow`).
 */
export const authorizationService = {
  check: {
    path: "/envoy.service.auth.v3.Authorization/Check",
    requestStream: false,
    responseStream: false,
    ...serialization(CheckRequest, CheckResponse),
  },
} as const satisfies ServiceDefinition<AuthorizationHandlers>;

/** envoy.service.ext_proc.v3.ExternalProcessor, for grpc-js: one stream for each HTTP request. */
export const externalProcessorService = {
  process: {
    path: "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
    requestStream: true,
    responseStream: true,
    ...serialization(ProcessingRequest, ProcessingResponse),
  },
} as const satisfies ServiceDefinition<ExternalProcessorHandlers>;

/** envoy.service.accesslog.v3.AccessLogService, for grpc-js: one stream for each of Envoy's workers. */
export const accessLogService = {
  streamAccessLogs: {
    path: "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs",
    requestStream: true,
    responseStream: false,
    ...serialization(StreamAccessLogsMessage, StreamAccessLogsResponse),
  },
} as const satisfies ServiceDefinition<AccessLogHandlers>;

type Serialization<Request, Response> = Omit<
  MethodDefinition<Request, Response>,
  "path" | "requestStream" | "responseStream"
>;

/** Both sides' (de)serializers: the server reads whole requests and writes partial answers. */
function serialization<Request extends RequestInit, RequestInit, Response extends ResponseInit, ResponseInit>(
  request: Message<Request, RequestInit>,
  response: Message<Response, ResponseInit>,
): Serialization<Request, ResponseInit> {
  return {
    requestSerialize: request.encode,
    requestDeserialize: request.decode,
    responseSerialize: response.encode,
    responseDeserialize: response.decode,
  };
}
