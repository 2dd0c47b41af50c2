import type { Address } from "../net/address.js";

/** How weir finds Redis, what it says to get in, and how it uses it. Made of the policy file's `store`. */
export interface RedisSettings {
  readonly topology: Topology;
  /** For the servers that hold the counters. */
  readonly credentials: Credentials;
  /** Null: without TLS. */
  readonly tls: TlsSettings | null;
  /** leased: a node draws slices of a limit and spends them by itself. strict: every request asks Redis. */
  readonly mode: "leased" | "strict";
  /** What becomes of requests while Redis is out of reach. */
  readonly onError: "local" | "allow" | "deny";
  /** How long a request waits for Redis. */
  readonly deadlineMs: number;
  /** What the name of every key begins with. */
  readonly prefix: string;
}

/** A TCP address. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export type Topology =
  | { readonly kind: "single"; readonly address: Address; readonly db: number }
  | {
      readonly kind: "sentinel";
      /** What the sentinels call the master. */
      readonly name: string;
      /** Some of the sentinels: they know the others. */
      readonly nodes: readonly Endpoint[];
      readonly db: number;
      /** For the sentinels themselves. */
      readonly credentials: Credentials;
    }
  /** Some of the nodes: they know the others. */
  | { readonly kind: "cluster"; readonly nodes: readonly Endpoint[] };

/** Who weir says it is. Without a user name it is Redis's `default`. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "fixed"; readonly username: string | null; readonly password: string }
  /** The password is in the environment variable of that name. */
  | { readonly kind: "env"; readonly username: string | null; readonly name: string }
  /** The password is what the file holds, and changes when that does. */
  | { readonly kind: "file"; readonly username: string | null; readonly path: string };

/** Paths of PEM files, null for what is not given. */
export interface TlsSettings {
  /** Whose signature the servers' certificates must have; the system's authorities when null. */
  readonly ca: string | null;
  /** What weir shows of itself: both or neither. */
  readonly client: { readonly cert: string; readonly key: string } | null;
  /** The name that must be in the servers' certificates; null: the host that weir connects to. */
  readonly serverName: string | null;
}
