import type { AiTerms } from "./ai.js";
import type { ApiIndex } from "./api-index.js";
import type { Condition } from "./condition.js";
import type { DenyRule } from "./deny-rule.js";
import type { KeyTemplate } from "./key-template.js";
import type { Limit } from "./limit.js";
import type { ModelBook } from "./model.js";
import type { ResourceTree } from "./resource-tree.js";

export const environments = ["production", "sandbox"] as const;
export type Environment = (typeof environments)[number];

/** The products whose fault bodies weir can write; see `envoy/faults`. */
export const faultFormats = [
  "wso2-3",
  "wso2-4",
  "choreo-connect",
  "problem+json",
  "openai",
  "anthropic",
  "gemini",
  "bedrock",
] as const;
export type FaultFormat = (typeof faultFormats)[number];

/** How denials are put into words, for the whole gateway. */
export interface FaultOptions {
  readonly format: FaultFormat;
  /** The HTTP status of a backend maximum: WSO2's 503, or the 429 that many ask for. */
  readonly backendStatus: 429 | 503;
}

/** What one API says instead, where it does. */
export interface FaultOverride {
  readonly format: FaultFormat | null;
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string>>;
  /** With `{code}`, `{message}`, `{description}` and `{retryAfterSeconds}` filled in. */
  readonly body: { readonly contentType: string; readonly template: string } | null;
}

/** Which families of headers tell a client where it stands. */
export interface HeaderFamilies {
  /** X-RateLimit-Limit, -Remaining and -Reset of the binding limit. */
  readonly xRateLimit: boolean;
  /** RateLimit and RateLimit-Policy of all matching limits (draft-ietf-httpapi-ratelimit-headers). */
  readonly rateLimit: boolean;
  /** x-ratelimit-limit-tokens and its like, on AI routes, as OpenAI sends them. */
  readonly aiTokens: boolean;
}

/**
 * A policy file, compiled: names are resolved, patterns are parsed and the charges of every limit with a single
 * counter are made, so that a request only looks up. Immutable; a reload builds a new one.
 */
export interface Policy {
  readonly gateway: readonly Limit[];
  readonly apis: ApiIndex<Api>;
  readonly apisByRef: ReadonlyMap<string, Api>;
  readonly identity: readonly IdentitySource[];
  /** Where a verified token's claims are, for conditions and custom rules; null where no token is read. */
  readonly claims: MetadataPath | null;
  /** Proxies before Envoy whose X-Forwarded-For entries are believed. */
  readonly trustedProxies: number;
  readonly denyRules: readonly DenyRule[];
  readonly customRules: readonly CustomRule[];
  /** What becomes of a request that no API matches. */
  readonly unmatched: "allow" | "deny";
  /** What becomes of a request without credentials. */
  readonly anonymous: "allow" | "deny";
  /** Whether weir only watches: what it would refuse is let through and reported. */
  readonly shadow: boolean;
  readonly faults: FaultOptions;
  readonly headers: HeaderFamilies;
  /** What the tokens of each model weigh and cost. */
  readonly models: ModelBook;
  /** What becomes of a request for a model that {@link models} does not know. */
  readonly unknownModel: "default" | "deny";
  /** Every limit by its id: how a response's usage finds the limits that its request matched. */
  readonly limits: ReadonlyMap<string, Limit>;
}

export interface Api {
  /** `name/version`: how the policy file refers to it. */
  readonly ref: string;
  readonly name: string;
  readonly version: string;
  readonly ai: AiTerms | null;
  /** The segments of its path prefix. */
  readonly prefix: readonly string[];
  readonly resources: ResourceTree<Resource>;
  readonly resourcesByName: ReadonlyMap<string, Resource>;
  readonly limits: LimitSet;
  /** For all callers without credentials together, in place of a subscription's. */
  readonly anonymous: readonly Limit[];
  /** Null where the file lists no backends: both environments are served, without a maximum. */
  readonly backends: Partial<Record<Environment, Backend>> | null;
  readonly faults: FaultOverride | null;
}

export interface Resource {
  /** `GET /items/{id}`, as in the file. */
  readonly name: string;
  readonly limits: LimitSet;
}

/** The limits of an API or resource. */
export interface LimitSet {
  readonly own: readonly Limit[];
  readonly tier: ConditionalTier | null;
}

/** WSO2's advanced policy: the first group whose conditions are all met counts, or else the default. */
export interface ConditionalTier {
  /** Whether each user is counted apart. */
  readonly perUser: boolean;
  readonly groups: readonly {
    readonly conditions: readonly Condition[];
    readonly limits: readonly Limit[];
  }[];
  readonly otherwise: readonly Limit[];
}

export interface Backend {
  readonly limits: readonly Limit[];
}

export interface Application {
  readonly name: string;
  /** Counted for each user of the application apart, over all APIs. */
  readonly limits: readonly Limit[];
  /** By {@link Api.ref}. */
  readonly subscriptions: ReadonlyMap<string, Subscription>;
}

export interface Subscription {
  readonly limits: readonly Limit[];
}

export interface CustomRule {
  readonly key: KeyTemplate;
  readonly limits: readonly Limit[];
}

/** A namespace of dynamic metadata, then the keys to a value in it. */
export type MetadataPath = readonly [namespace: string, ...path: string[]];

/** Where in a request an API key is looked for. */
export type KeyPlace =
  /** Lower-case name. */
  | { readonly in: "header"; readonly name: string }
  | { readonly in: "query"; readonly name: string }
  | { readonly in: "cookie"; readonly name: string };

/** Where a caller's identity is taken from. Every source is proof: a client cannot make it up. */
export type IdentitySource =
  | {
      readonly kind: "apiKey";
      readonly place: KeyPlace;
      /** By the lower-case hex SHA-256 of the key. */
      readonly credentials: ReadonlyMap<string, Credential>;
    }
  | {
      readonly kind: "jwt";
      /** Where Envoy's jwt_authn filter put the verified payload. */
      readonly metadata: MetadataPath;
      readonly claims: { readonly application: string; readonly user: string; readonly environment: string };
      /** By client id. */
      readonly credentials: ReadonlyMap<string, Credential>;
    }
  | {
      readonly kind: "mtls";
      /** By the peer's principal: the URI, DNS name or subject of its verified certificate. */
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
