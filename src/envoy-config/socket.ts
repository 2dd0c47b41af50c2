import type { Address } from "../net/address.js";
import type { Config } from "./config.js";

/** envoy.config.core.v3.Address. */
export function envoyAddress(address: Address): Config {
  if (address.kind === "unix") return { pipe: { path: address.path } };
  return { socket_address: { address: address.host, port_value: address.port } };
}
