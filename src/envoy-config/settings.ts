import type { Address } from "../net/address.js";

/** Where Debian, its images and Envoy's have the authorities that everybody trusts. */
export const SYSTEM_CA_FILE = "/etc/ssl/certs/ca-certificates.crt";

/** What Envoy has to know besides the policy. Paths are as Envoy sees them. */
export interface EnvoySettings extends WeirAddresses {
  /** Where clients come in. */
  readonly listen: TcpAddress;
  /** Envoy's own admin port. */
  readonly admin: TcpAddress;
  /** TLS for clients; null for clear text. */
  readonly listenerTls: ListenerTls | null;
  /** Who vouches for backends with https. */
  readonly backendCaFile: string;
}

export interface WeirAddresses {
  /** Where weir is: one address a node, all TCP or all Unix sockets. */
  readonly weir: readonly Address[];
  /** TLS to weir; null for clear text. */
  readonly weirTls: WeirTls | null;
}

export type TcpAddress = Extract<Address, { kind: "tcp" }>;

/** A certificate and its key. */
export interface KeyPair {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface ListenerTls extends KeyPair {
  /** Of client certificates, for policies that identify by them; null where none are asked for. */
  readonly clientCaFile: string | null;
}

export interface WeirTls {
  /** Who vouches for weir. */
  readonly caFile: string;
  /** What Envoy shows of itself, where weir asks for it. */
  readonly client: KeyPair | null;
  /** The name in weir's certificate. */
  readonly serverName: string;
}
