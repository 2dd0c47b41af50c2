import {
  AccessLogType,
  HTTPAccessLogEntry,
  StreamAccessLogsMessage,
} from "../../../src/envoy/wire/access-log.js";
import { CheckRequest } from "../../../src/envoy/wire/authz.js";
import type { Infer } from "../../../src/envoy/wire/codec.js";
import { ProcessingRequest } from "../../../src/envoy/wire/ext-proc-request.js";
import { BodySendMode } from "../../../src/envoy/wire/processing-mode.js";
import type { JsonObject } from "../../../src/envoy/wire/struct.js";
import { withoutPrototypes } from "./without-prototypes.js";

/** Metadata with every kind of value that a Struct can hold. */
export const json: JsonObject = {
  sub: "usér-🌊",
  none: null,
  admin: false,
  active: true,
  zero: 0,
  exp: 1_893_456_000,
  share: -0.25,
  empty: "",
  scopes: ["read", 2, null, true, [], {}, [[{ deep: [1] }]]],
  nested: { a: { b: { c: "d" } }, list: [] },
};

const headers = {
  ":authority": "api.example.com",
  ":path": "/orders/v1/items/42?x=1",
  "x-api-key": "0123456789abcdef",
  authorization: `Bearer ${"e".repeat(900)}`,
  "x-name": "Zoë",
  "x-empty": "",
};
const metadata = struct({ "envoy.filters.http.jwt_authn": json });
const none = { headerMap: undefined, fragment: "", query: "", body: "", rawBody: Buffer.alloc(0) };
const silent: Infer<typeof ProcessingRequest> = ProcessingRequest.decode(Buffer.alloc(0));

const silentEntry: Infer<typeof HTTPAccessLogEntry> = HTTPAccessLogEntry.decode(Buffer.alloc(0));

/** What Envoy sends, in protobuf's JSON form, and what it must decode to. */
export const requests = {
  "a full CheckRequest": {
    type: CheckRequest.name,
    json: {
      attributes: {
        source: {
          address: { socketAddress: { address: "203.0.113.9", portValue: 43210 } },
          principal: "spiffe://cluster/client",
          labels: { not: "in the table" },
        },
        destination: { address: { pipe: { path: "/not/in/the/table" } } },
        request: {
          time: "2026-01-02T03:04:05.678Z",
          http: {
            id: "12345678901234",
            method: "GET",
            headers,
            path: "/orders/v1/items/42?x=1",
            host: "api.example.com",
            scheme: "https",
            size: "-1",
            protocol: "HTTP/2",
          },
        },
        contextExtensions: { route: "orders", umlaut: "ü" },
        metadataContext: { filterMetadata: { "envoy.filters.http.jwt_authn": json } },
        routeMetadataContext: { filterMetadata: { empty: {} } },
        tlsSession: { sni: "not.in.the.table" },
      },
    },
    expected: {
      attributes: {
        source: {
          address: { socketAddress: { address: "203.0.113.9", portValue: 43210 } },
          service: "",
          principal: "spiffe://cluster/client",
        },
        request: {
          http: {
            ...none,
            id: "12345678901234",
            method: "GET",
            headers: new Map(Object.entries(headers)),
            path: "/orders/v1/items/42?x=1",
            host: "api.example.com",
            scheme: "https",
            size: -1,
            protocol: "HTTP/2",
          },
        },
        contextExtensions: new Map([
          ["route", "orders"],
          ["umlaut", "ü"],
        ]),
        metadataContext: { filterMetadata: metadata },
        routeMetadataContext: { filterMetadata: struct({ empty: {} }) },
      },
    },
  },
  "an empty CheckRequest": { type: CheckRequest.name, json: {}, expected: { attributes: undefined } },
  "a CheckRequest with raw headers and a body": {
    type: CheckRequest.name,
    json: {
      attributes: {
        source: { address: { pipe: { path: "/tmp/socket" } } },
        request: {
          http: {
            headerMap: { headers: [{ key: "x-odd", rawValue: base64([0x61, 0xff]) }] },
            body: "text",
            rawBody: base64([0, 1, 254, 255]),
            size: "9007199254740991",
          },
        },
      },
    },
    expected: {
      attributes: {
        source: { address: { socketAddress: undefined }, service: "", principal: "" },
        request: {
          http: {
            ...none,
            ...{ id: "", method: "", path: "", host: "", scheme: "", protocol: "" },
            headers: new Map(),
            headerMap: { headers: [{ key: "x-odd", value: "", rawValue: Buffer.from([0x61, 0xff]) }] },
            body: "text",
            rawBody: Buffer.from([0, 1, 254, 255]),
            size: 9_007_199_254_740_991,
          },
        },
        contextExtensions: new Map(),
        metadataContext: undefined,
        routeMetadataContext: undefined,
      },
    },
  },
  "the first message of a stream": {
    type: ProcessingRequest.name,
    json: {
      requestHeaders: {
        headers: {
          headers: [
            { key: ":path", rawValue: base64("/chat/v1") },
            { key: "x-twice", rawValue: base64("a") },
            { key: "x-twice", rawValue: base64("b") },
          ],
        },
        endOfStream: true,
      },
      metadataContext: { filterMetadata: { "envoy.filters.http.jwt_authn": json } },
      attributes: { "envoy.filters.http.ext_proc": { "request.path": "/chat/v1" } },
      observabilityMode: true,
      protocolConfig: { requestBodyMode: "BUFFERED", responseBodyMode: "STREAMED" },
    },
    expected: {
      ...silent,
      requestHeaders: {
        headers: {
          headers: [
            { key: ":path", value: "", rawValue: Buffer.from("/chat/v1") },
            { key: "x-twice", value: "", rawValue: Buffer.from("a") },
            { key: "x-twice", value: "", rawValue: Buffer.from("b") },
          ],
        },
        endOfStream: true,
      },
      metadataContext: { filterMetadata: metadata },
      attributes: struct({ "envoy.filters.http.ext_proc": { "request.path": "/chat/v1" } }),
      observabilityMode: true,
      protocolConfig: {
        requestBodyMode: BodySendMode.BUFFERED,
        responseBodyMode: BodySendMode.STREAMED,
        sendBodyWithoutWaitingForHeaderResponse: false,
      },
    },
  },
  "a piece of a body": {
    type: ProcessingRequest.name,
    json: { responseBody: { body: base64([0x7b, 0xe2, 0x82]), endOfStream: true } },
    expected: { ...silent, responseBody: { body: Buffer.from([0x7b, 0xe2, 0x82]), endOfStream: true } },
  },
  "an empty end of a body": {
    type: ProcessingRequest.name,
    json: { requestBody: { endOfStream: true } },
    expected: { ...silent, requestBody: { body: Buffer.alloc(0), endOfStream: true } },
  },
  "a batch of the access log": {
    type: StreamAccessLogsMessage.name,
    json: {
      identifier: { node: { id: "not in the table" }, logName: "weir" },
      httpLogs: {
        logEntry: [
          {
            commonProperties: {
              upstreamCluster: "not in the table",
              sampleRate: 1,
              startTime: "2026-01-02T03:04:05.678Z",
              metadata: { filterMetadata: { "envoy.filters.http.jwt_authn": json } },
              accessLogType: "DownstreamEnd",
            },
            protocolVersion: "HTTP2",
            request: { path: "/orders", requestHeadersBytes: "321", requestBodyBytes: "9007199254740991" },
            response: { responseCode: 200, responseHeadersBytes: "12", responseBodyBytes: "4294967296" },
          },
          { commonProperties: { accessLogType: "DownstreamPeriodic" }, request: {} },
          {},
        ],
      },
    },
    expected: {
      httpLogs: {
        logEntry: [
          {
            commonProperties: {
              metadata: { filterMetadata: metadata },
              accessLogType: AccessLogType.DownstreamEnd,
            },
            request: { requestBodyBytes: 9_007_199_254_740_991 },
            response: { responseBodyBytes: 4_294_967_296 },
          },
          {
            commonProperties: { metadata: undefined, accessLogType: AccessLogType.DownstreamPeriodic },
            request: { requestBodyBytes: 0 },
            response: undefined,
          },
          silentEntry,
        ],
      },
    },
  },
  "a batch of connections' logs": {
    type: StreamAccessLogsMessage.name,
    json: { tcpLogs: { logEntry: [{ connectionProperties: { receivedBytes: "5" } }] } },
    expected: { httpLogs: undefined },
  },
  trailers: {
    type: ProcessingRequest.name,
    json: { responseTrailers: { trailers: { headers: [{ key: "grpc-status", rawValue: base64("0") }] } } },
    expected: {
      ...silent,
      responseTrailers: {
        trailers: { headers: [{ key: "grpc-status", value: "", rawValue: Buffer.from("0") }] },
      },
    },
  },
};

function base64(content: string | readonly number[]): string {
  return (typeof content === "string" ? Buffer.from(content) : Buffer.from(content)).toString("base64");
}

function struct(value: JsonObject): Map<string, unknown> {
  return new Map(Object.entries(withoutPrototypes(value) as JsonObject));
}
