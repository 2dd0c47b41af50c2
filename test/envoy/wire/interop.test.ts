import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { StreamAccessLogsMessage, StreamAccessLogsResponse } from "../../../src/envoy/wire/access-log.js";
import { CheckRequest, CheckResponse } from "../../../src/envoy/wire/authz.js";
import { HeaderAppendAction } from "../../../src/envoy/wire/base.js";
import { ProcessingRequest } from "../../../src/envoy/wire/ext-proc-request.js";
import { ProcessingResponse, ResponseStatus } from "../../../src/envoy/wire/ext-proc-response.js";
import { BodySendMode, HeaderSendMode } from "../../../src/envoy/wire/processing-mode.js";
import { runPython } from "../../support/python.js";
import * as samples from "./samples.js";
import { withoutPrototypes } from "./without-prototypes.js";

/** Our answers, and what Envoy's classes must read in them, in protobuf's JSON form. */
const answers = {
  "an OK": {
    bytes: CheckResponse.encode({
      status: { code: 0 },
      okResponse: {
        headers: [
          {
            header: { key: "x-weir-environment", value: "production" },
            appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
          },
        ],
        headersToRemove: ["x-api-key", "authorization"],
        responseHeadersToAdd: [{ header: { key: "ratelimit", value: '"gold";r=19;t=42' } }],
      },
      dynamicMetadata: samples.json,
    }),
    type: CheckResponse.name,
    json: {
      status: {},
      okResponse: {
        headers: [
          {
            header: { key: "x-weir-environment", value: "production" },
            appendAction: "OVERWRITE_IF_EXISTS_OR_ADD",
          },
        ],
        headersToRemove: ["x-api-key", "authorization"],
        responseHeadersToAdd: [{ header: { key: "ratelimit", value: '"gold";r=19;t=42' } }],
      },
      dynamicMetadata: samples.json,
    },
  },
  "a denial": {
    bytes: CheckResponse.encode({
      status: { code: 8, message: "limit reached" },
      deniedResponse: {
        status: { code: 429 },
        headers: [{ header: { key: "retry-after", value: "42" } }],
        body: '{"code":"900802","message":"zu viele Anfragen für heute"}',
      },
    }),
    type: CheckResponse.name,
    json: {
      status: { code: 8, message: "limit reached" },
      deniedResponse: {
        status: { code: "TooManyRequests" },
        headers: [{ header: { key: "retry-after", value: "42" } }],
        body: '{"code":"900802","message":"zu viele Anfragen für heute"}',
      },
    },
  },
  "an answer to headers": {
    bytes: ProcessingResponse.encode({
      requestHeaders: {
        response: {
          headerMutation: {
            setHeaders: [{ header: { key: "x-a", rawValue: Buffer.from("ä") }, appendAction: 1 }],
            removeHeaders: ["accept-encoding"],
          },
          clearRouteCache: true,
        },
      },
      dynamicMetadata: { weir: { tokens: 12 } },
      modeOverride: { responseBodyMode: BodySendMode.STREAMED, responseTrailerMode: HeaderSendMode.SEND },
    }),
    type: ProcessingResponse.name,
    json: {
      requestHeaders: {
        response: {
          headerMutation: {
            setHeaders: [
              {
                header: { key: "x-a", rawValue: Buffer.from("ä").toString("base64") },
                appendAction: "ADD_IF_ABSENT",
              },
            ],
            removeHeaders: ["accept-encoding"],
          },
          clearRouteCache: true,
        },
      },
      dynamicMetadata: { weir: { tokens: 12 } },
      modeOverride: { responseBodyMode: "STREAMED", responseTrailerMode: "SEND" },
    },
  },
  "an empty body in place of another": {
    bytes: ProcessingResponse.encode({
      responseBody: {
        response: {
          status: ResponseStatus.CONTINUE_AND_REPLACE,
          bodyMutation: { body: Buffer.alloc(0) },
        },
      },
    }),
    type: ProcessingResponse.name,
    json: { responseBody: { response: { status: "CONTINUE_AND_REPLACE", bodyMutation: { body: "" } } } },
  },
  "an answer to trailers": {
    bytes: ProcessingResponse.encode({ responseTrailers: { headerMutation: { removeHeaders: ["x-b"] } } }),
    type: ProcessingResponse.name,
    json: { responseTrailers: { headerMutation: { removeHeaders: ["x-b"] } } },
  },
  "the end of the access log": {
    bytes: StreamAccessLogsResponse.encode({}),
    type: StreamAccessLogsResponse.name,
    json: {},
  },
  "an immediate response": {
    bytes: ProcessingResponse.encode({
      immediateResponse: {
        status: { code: 403 },
        headers: { setHeaders: [{ header: { key: "x-c", rawValue: Buffer.from("d") } }] },
        body: Buffer.from("no"),
        details: "weir_denied",
      },
    }),
    type: ProcessingResponse.name,
    json: {
      immediateResponse: {
        status: { code: "Forbidden" },
        headers: { setHeaders: [{ header: { key: "x-c", rawValue: Buffer.from("d").toString("base64") } }] },
        body: Buffer.from("no").toString("base64"),
        details: "weir_denied",
      },
    },
  },
};

/** The messages that Envoy sends. */
const received = [CheckRequest, ProcessingRequest, StreamAccessLogsMessage];

describe("between weir's tables and Envoy's own classes", () => {
  const requests = Object.entries(samples.requests);
  const responses = Object.entries(answers);
  let encoded: Map<string, Buffer>;
  let decoded: Map<string, unknown>;

  before(() => {
    const results = runPython(
      "envoy/wire/exchange.py",
      [],
      [
        ...requests.map(([, { type, json }]) => ({ encode: type, json })),
        ...responses.map(([, { type, bytes }]) => ({ decode: type, bytes: bytes.toString("base64") })),
      ],
    ) as unknown[];
    encoded = new Map(requests.map(([name], i) => [name, Buffer.from(String(results[i]), "base64")]));
    decoded = new Map(responses.map(([name], i) => [name, results[requests.length + i]]));
  });

  for (const [name, { type, expected }] of requests) {
    test(`weir reads ${name} that Envoy wrote`, () => {
      const bytes = encoded.get(name) ?? Buffer.alloc(0);
      const table = received.find(({ name }) => name === type);
      assert.deepStrictEqual(table?.decode(bytes), expected);
    });
  }

  for (const [name, { json }] of responses) {
    test(`Envoy reads ${name} that weir wrote`, () => assert.deepEqual(decoded.get(name), json));
  }

  test("Struct metadata that Envoy wrote is the JSON it was", () => {
    const { attributes } = CheckRequest.decode(encoded.get("a full CheckRequest") ?? Buffer.alloc(0));
    const payload = attributes?.metadataContext?.filterMetadata.get("envoy.filters.http.jwt_authn");
    assert.deepStrictEqual(payload, withoutPrototypes(samples.json));
  });
});
