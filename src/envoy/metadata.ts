import type { Decision, Denial } from "../decision/decision.js";
import { type AiSource, aiProviders } from "../policy/ai.js";
import { type Charge, remaining, type Standing } from "../policy/limit.js";
import type { Environment } from "../policy/policy.js";
import { type Json, member } from "../policy/request.js";
import type { ProcessingRequest } from "./wire/ext-proc-request.js";
import type { JsonObject, JsonValue } from "./wire/struct.js";

/** Where Envoy keeps what CheckResponse.dynamic_metadata holds, for access logs and later filters. */
export const AUTHZ_NAMESPACE = "envoy.filters.http.ext_authz";

/** What a namespace of the dynamic metadata holds, as ext_proc tells it. */
export function metadataOf(message: ProcessingRequest, namespace: string): JsonObject | undefined {
  return message.metadataContext?.filterMetadata.get(namespace);
}

/** The key in that namespace, so that other writers of it are not in the way. */
const KEY = "weir";

/** A longer path is not handed on: what a path tells of a response stands in its last segments. */
const MAX_PATH_LENGTH = 512;

/** A counter, by the id of its limit and the key under it. */
export interface CounterRef {
  readonly limit: string;
  readonly key: string;
}

/** A counter that a request was charged to, as it found it. */
export interface ChargedRef extends CounterRef, Omit<Standing, "charge"> {}

/** A request that was let through, as ext_proc and the access log service learn of it. */
export interface Passage {
  /** {@link Api.ref}; empty where it matched none. */
  readonly api: string;
  /** The application that it was made by; null without credentials. */
  readonly application: string | null;
  readonly environment: Environment;
  /** Whose format the response has; null where the API is no AI API. What `custom` means, its policy says. */
  readonly provider: AiSource["provider"] | null;
  /** The path of the request, without its query, where it may tell the format of the response. */
  readonly path: string | undefined;
  /** The level or reason that only shadow mode kept from denying; null where nothing would have. */
  readonly wouldDeny: string | null;
  /** What was left to ext_proc, in words that travel; null where nothing was. */
  readonly deferred: {
    readonly charged: readonly ChargedRef[];
    readonly ofModels: readonly CounterRef[];
  } | null;
  /** The counters that what the response says it used is charged to. */
  readonly usage: readonly CounterRef[];
  /** The counters that the bytes of request and response are charged to. */
  readonly bytes: readonly CounterRef[];
}

/** Whose requests are alike: experience with those of one application says nothing of another's. */
export function scopeOf({ api, application }: Passage): string {
  return JSON.stringify([api, application]);
}

/**
 * The decision, for access logs (`%DYNAMIC_METADATA(envoy.filters.http.ext_authz:weir:level)%`) and for what is
 * charged later: usage and bytes. It travels with the request through Envoy, so any weir can charge them: one
 * that has been restarted since, or another node.
 */
export function decisionMetadata(decision: Decision): JsonObject {
  const { api, resource, caller, environment, request } = decision.subject;
  const weir: JsonObject = { decision: decision.kind, environment };
  if (api) weir.api = api.ref;
  if (resource) weir.resource = resource.name;
  if (caller) weir.application = caller.application.name;
  if (decision.kind === "deny") Object.assign(weir, reasonOf(decision.denial));
  else {
    if (decision.binding) {
      weir.level = decision.binding.charge.limit.level;
      weir.remaining = remaining(decision.binding);
    }
    if (decision.wouldDeny) weir.wouldDeny = reasonOf(decision.wouldDeny);
    if (api?.ai) {
      weir.provider = api.ai.source.provider;
      const path = request.path.replace(/[?#].*$/s, "");
      if (path.length <= MAX_PATH_LENGTH) weir.path = path;
      if (decision.deferred) {
        const { charged, ofModels } = decision.deferred;
        weir.deferred = { charged: charged.map(chargedEntry), ofModels: ofModels.map(counterEntry) };
      }
      weir.usage = decision.usage.map(counterEntry);
    }
    if (decision.bytes.length > 0) weir.bytes = decision.bytes.map(counterEntry);
  }
  return { [KEY]: weir };
}

/** Why a request is denied, as access logs are told. */
export function reasonOf(denial: Denial): JsonObject {
  if (denial.kind !== "limit") return { level: denial.kind };
  const { limit } = denial.binding.charge;
  return { level: limit.level, limit: limit.id };
}

function counterEntry({ limit, key }: Charge): JsonValue {
  return [limit.id, key];
}

function chargedEntry({ charge, used, resetAt, slot }: Standing): JsonValue {
  return [charge.limit.id, charge.key, used, resetAt, slot];
}

/** Reads what {@link decisionMetadata} wrote of a request that may pass; null where it is of any other. */
export function readPassage(namespace: JsonObject | undefined): Passage | null {
  const weir = member(namespace, KEY);
  if (member(weir, "decision") !== "allow") return null;
  const api = member(weir, "api");
  const application = member(weir, "application");
  const environment = member(weir, "environment");
  const provider = member(weir, "provider");
  const path = member(weir, "path");
  const deferred = member(weir, "deferred");
  const wouldDeny = member(member(weir, "wouldDeny"), "level");
  return {
    api: typeof api === "string" ? api : "",
    application: typeof application === "string" ? application : null,
    environment: environment === "sandbox" ? environment : "production",
    provider:
      [...aiProviders, "detected" as const, "custom" as const].find((known) => known === provider) ?? null,
    path: typeof path === "string" ? path : undefined,
    wouldDeny: typeof wouldDeny === "string" ? wouldDeny : null,
    deferred:
      deferred === undefined
        ? null
        : {
            charged: chargedRefs(member(deferred, "charged")),
            ofModels: counterRefs(member(deferred, "ofModels")),
          },
    usage: counterRefs(member(weir, "usage")),
    bytes: counterRefs(member(weir, "bytes")),
  };
}

function chargedRefs(entries: Json | undefined): ChargedRef[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry) => {
    const [limit, key, ...figures] = Array.isArray(entry) ? entry : [];
    const [used, resetAt, slot] = figures.filter((figure) => typeof figure === "number");
    if (typeof limit !== "string" || typeof key !== "string" || slot === undefined) return [];
    return [{ limit, key, used: used ?? 0, resetAt: resetAt ?? 0, slot }];
  });
}

/** Counters, from what stands for them in metadata. */
export function counterRefs(entries: Json | undefined): CounterRef[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry) => {
    const [limit, key] = Array.isArray(entry) ? entry : [];
    return typeof limit === "string" && typeof key === "string" ? [{ limit, key }] : [];
  });
}
