import { HttpRequest, Peer } from "../src/envoy/wire/attribute-context.js";
import { Metadata } from "../src/envoy/wire/base.js";
import { message } from "../src/envoy/wire/codec.js";
import { embedded, int32, int64, map } from "../src/envoy/wire/fields.js";
import { apiKeyOf, pathPrefixOf, refOf } from "./policy.js";

/** What Envoy sends with every CheckRequest, the parts that weir skips included. */
const Timestamp = message("google.protobuf.Timestamp", { seconds: int64(1), nanos: int32(2) });
const Request = message("Request", { time: embedded(1, Timestamp), http: embedded(2, HttpRequest) });
const AttributeContext = message("AttributeContext", {
  source: embedded(1, Peer),
  destination: embedded(2, Peer),
  request: embedded(4, Request),
  contextExtensions: map(10),
  metadataContext: embedded(11, Metadata),
  routeMetadataContext: embedded(13, Metadata),
});
const CheckRequest = message("CheckRequest", { attributes: embedded(1, AttributeContext) });

/** A request to API number `index` as Envoy 1.40 describes it, encoded: 12 headers, about 800 bytes. */
export function encodeCheckRequest(index: number): Buffer {
  const path = `${pathPrefixOf(index)}/items/4711?fields=name,price`;
  const id = "5ef0c9a4-8d0b-4a53-9c1e-2f6d7b80a913";
  const headers = new Map([
    [":authority", "api.example.com"],
    [":method", "GET"],
    [":path", path],
    [":scheme", "https"],
    ["accept", "application/json"],
    ["accept-encoding", "gzip"],
    ["traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
    ["user-agent", "okhttp/4.12.0"],
    ["x-api-key", apiKeyOf(index)],
    ["x-forwarded-for", "203.0.113.7"],
    ["x-forwarded-proto", "https"],
    ["x-request-id", id],
  ]);
  const http = { id, method: "GET", headers, path, host: "api.example.com", scheme: "https", size: -1 };
  return CheckRequest.encode({
    attributes: {
      source: peer("203.0.113.7", 53_214),
      destination: peer("10.0.0.12", 8443),
      request: {
        time: { seconds: 1_767_225_600, nanos: 123_456_000 },
        http: { ...http, protocol: "HTTP/1.1" },
      },
      // As the routes that `weir envoy` makes have them.
      contextExtensions: new Map([
        ["api", refOf(index)],
        ["resource", "GET /items/{id}"],
      ]),
      metadataContext: {},
      routeMetadataContext: {},
    },
  });
}

function peer(address: string, portValue: number) {
  return { address: { socketAddress: { address, portValue } } };
}
