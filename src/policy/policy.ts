import type { ApiIndex } from "./api-index.js";
import type { DenyRule } from "./deny-rule.js";
import type { KeyTemplate } from "./key-template.js";
import type { Charge, Limit } from "./limit.js";
import type { ResourceTree } from "./resource-tree.js";

export const environments = ["production", "sandbox"] as const;
export type Environment = (typeof environments)[number];

/** The shape of fault bodies; see `envoy/faults`. */
export const faultFormats = ["wso2-3", "wso2-4"] as const;
export type FaultFormat = (typeof faultFormats)[number];

export const aiProviders = ["openai"] as const;
export type AiProvider = (typeof aiProviders)[number];

/**
 * A policy file, compiled: names are resolved, patterns are parsed and the charges of every limit with a single
 * counter are made, so that a request only looks up. Immutable; a reload builds a new one.
 */
export interface Policy {
  readonly gateway: readonly Charge[];
  readonly apis: ApiIndex<Api>;
  readonly apisByRef: ReadonlyMap<string, Api>;
  readonly identity: readonly IdentitySource[];
  readonly denyRules: readonly DenyRule[];
  readonly customRules: readonly CustomRule[];
  /** What becomes of a request that no API matches. */
  readonly unmatched: "allow" | "deny";
  /** What becomes of a request without credentials. */
  readonly anonymous: "allow" | "deny";
  readonly faultFormat: FaultFormat;
  /** Every limit by its id: how a response's usage finds the limits that its request matched. */
  readonly limits: ReadonlyMap<string, Limit>;
}

export interface Api {
  /** `name/version`: how the policy file refers to it. */
  readonly ref: string;
  readonly name: string;
  readonly version: string;
  readonly ai: { readonly provider: AiProvider } | null;
  readonly resources: ResourceTree<Resource>;
  readonly charges: readonly Charge[];
  /** Null where the file lists no backends: both environments are served, without a maximum. */
  readonly backends: Partial<Record<Environment, Backend>> | null;
}

export interface Resource {
  /** `GET /items/{id}`, as in the file. */
  readonly name: string;
  readonly charges: readonly Charge[];
}

export interface Backend {
  readonly charges: readonly Charge[];
}

export interface Application {
  readonly name: string;
  /** Counted for each user of the application apart, over all APIs. */
  readonly limits: readonly Limit[];
  /** By {@link Api.ref}. */
  readonly subscriptions: ReadonlyMap<string, Subscription>;
}

export interface Subscription {
  readonly charges: readonly Charge[];
}

export interface CustomRule {
  readonly key: KeyTemplate;
  readonly limits: readonly Limit[];
}

/** Where a caller's identity is taken from. Every source is proof: a client cannot make it up. */
export type IdentitySource =
  | {
      readonly kind: "apiKey";
      /** Lower case. */
      readonly header: string;
      /** By the lower-case hex SHA-256 of the key. */
      readonly credentials: ReadonlyMap<string, Credential>;
    }
  | {
      readonly kind: "jwt";
      /** Dynamic metadata that Envoy's jwt_authn filter wrote: its namespace, then the keys to the payload. */
      readonly metadata: readonly [namespace: string, ...path: string[]];
      readonly claims: { readonly application: string; readonly user: string; readonly environment: string };
      /** By client id. */
      readonly credentials: ReadonlyMap<string, Credential>;
    }
  | {
      readonly kind: "trusted";
      /** Lower-case names of headers that an earlier filter sets and Envoy strips from what clients send. */
      readonly headers: {
        readonly application: string;
        readonly user: string | null;
        readonly environment: string | null;
      };
      /** By application name. */
      readonly applications: ReadonlyMap<string, Application>;
    };

export interface Credential {
  readonly application: Application;
  readonly environment: Environment;
  readonly user: string | null;
}
