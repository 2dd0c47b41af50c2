import { authorizationService } from "../../src/envoy/wire/services.js";

const PREFIX_BYTES = 5;

/** What Envoy's gRPC client sends with a Check; the deadline is far off, but the server has to keep it. */
export const checkHeaders = {
  ":method": "POST",
  ":scheme": "http",
  ":authority": "weir",
  ":path": authorizationService.check.path,
  te: "trailers",
  "grpc-timeout": "10S",
  "content-type": "application/grpc",
  "x-envoy-internal": "true",
  "x-forwarded-for": "10.0.0.12",
};

/** A message as gRPC sends it: behind a flag (not compressed) and its length. */
export function prefixed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The message of a unary reply; null when it is not one whole message. An error's reply holds none. */
export function unprefixed(reply: Buffer): Buffer | null {
  const isWhole = reply.length >= PREFIX_BYTES && reply.readUInt32BE(1) === reply.length - PREFIX_BYTES;
  return isWhole && reply[0] === 0 ? reply.subarray(PREFIX_BYTES) : null;
}
