import type { Decision, Denial } from "../decision/decision.js";
import { type Charge, remaining } from "../policy/limit.js";
import type { JsonObject, JsonValue } from "./wire/struct.js";

/** Where Envoy keeps what CheckResponse.dynamic_metadata holds, for access logs and later filters. */
export const AUTHZ_NAMESPACE = "envoy.filters.http.ext_authz";

/** The key in that namespace, so that other writers of it are not in the way. */
const KEY = "weir";

/** What the ext_proc side learns of the request that a response belongs to. */
export interface Passage {
  /** {@link Api.ref}. */
  readonly api: string;
  /** The counters that the response's usage is charged to: ids of limits and keys. */
  readonly tokens: readonly { readonly limit: string; readonly key: string }[];
}

/**
 * The decision, for access logs (`%DYNAMIC_METADATA(envoy.filters.http.ext_authz:weir:level)%`) and for the
 * response's metering. It travels with the request through Envoy, so any weir can meter the response: one that
 * has been restarted since, or another node.
 */
export function decisionMetadata(decision: Decision): JsonObject {
  const { api, resource, caller, environment } = decision.subject;
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
    if (api?.ai) weir.tokens = decision.tokens.map(counterEntry);
    if (decision.bytes.length > 0) weir.bytes = decision.bytes.map(counterEntry);
  }
  return { [KEY]: weir };
}

function reasonOf(denial: Denial): JsonObject {
  if (denial.kind !== "limit") return { level: denial.kind };
  const { limit } = denial.binding.charge;
  return { level: limit.level, limit: limit.id };
}

function counterEntry({ limit, key }: Charge): JsonValue {
  return [limit.id, key];
}

/** Reads what {@link decisionMetadata} wrote; null when there is nothing to meter. */
export function readPassage(namespace: JsonObject | undefined): Passage | null {
  const weir = namespace && Object.hasOwn(namespace, KEY) ? namespace[KEY] : undefined;
  if (!isObject(weir) || typeof weir.api !== "string" || !Array.isArray(weir.tokens)) return null;
  const tokens = weir.tokens.flatMap((entry) => {
    const [limit, key] = Array.isArray(entry) ? entry : [];
    return typeof limit === "string" && typeof key === "string" ? [{ limit, key }] : [];
  });
  return { api: weir.api, tokens };
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
