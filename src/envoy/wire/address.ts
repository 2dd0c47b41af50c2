import { type Infer, message } from "./codec.js";
import { embedded, member, string, uint32 } from "./fields.js";

/** envoy.config.core.v3.SocketAddress: an IP address as text, and the port. */
export const SocketAddress = message("envoy.config.core.v3.SocketAddress", {
  address: string(2),
  portValue: member(uint32(3)),
});
export type SocketAddress = Infer<typeof SocketAddress>;

/** envoy.config.core.v3.Address: `socketAddress` is undefined for a pipe and for an internal listener. */
export const Address = message("envoy.config.core.v3.Address", {
  socketAddress: embedded(1, SocketAddress),
});
export type Address = Infer<typeof Address>;
