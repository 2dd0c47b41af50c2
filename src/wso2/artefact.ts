import type { Field } from "../document/field.js";
import { type Level, levelOf } from "./level.js";

/** One thing that was exported, by what it becomes. */
export type Artefact =
  | { readonly kind: "api"; readonly data: Field }
  /** An OpenAPI definition: of an API in the same project, or one on its own. */
  | { readonly kind: "openapi"; readonly data: Field }
  | { readonly kind: "application"; readonly data: Field }
  | { readonly kind: "customRule"; readonly data: Field }
  | { readonly kind: "deny"; readonly data: Field }
  | { readonly kind: "tier"; readonly level: Level; readonly data: Field }
  /** Known, and without a counterpart. */
  | { readonly kind: "foreign"; readonly data: Field; readonly why: string }
  /** Known, and nothing about limits. */
  | { readonly kind: "irrelevant" }
  | { readonly kind: "unknown"; readonly data: Field };

/** Sorts out what a file holds: an export of apictl, an answer of the admin REST API, or a list of these. */
export function artefactsIn(document: Field): Artefact[] {
  const list = document.at("list");
  if (list.isThere && document.at("count").isThere) return list.items().map(artefactOf);
  return document.items().map(artefactOf);
}

function artefactOf(document: Field): Artefact {
  const type = document.at("type").text()?.toLowerCase();
  const data = document.at("data");
  if (type !== undefined && data.isThere) return exported(type, document, data);
  return unwrapped(document);
}

/** What apictl writes: `type`, `version` and the `data` itself. */
function exported(type: string, document: Field, data: Field): Artefact {
  switch (type) {
    case "api":
    case "application":
      return { kind: type, data };
    case "throttling policy":
      return policy(document.at("subtype").text(), data);
    case "api_product":
      return {
        kind: "foreign",
        data,
        why: "API products have no counterpart: import the APIs that they are made of",
      };
    case "mcp_server":
      return { kind: "foreign", data, why: "MCP servers are not read: write it under apis by hand" };
    default:
      return { kind: "irrelevant" };
  }
}

function policy(subtype: string | undefined, data: Field): Artefact {
  const level = levelOf(subtype);
  if (level === "custom") return { kind: "customRule", data };
  return level === undefined ? { kind: "unknown", data } : { kind: "tier", level, data };
}

/** What the REST API answers, and what older versions exported: the data without anything around it. */
function unwrapped(data: Field): Artefact {
  const has = (...keys: string[]) => keys.some((key) => data.at(key).isThere);
  if (has("openapi", "swagger")) return { kind: "openapi", data };
  if (has("applicationInfo", "subscribedAPIs")) return { kind: "application", data };
  if (has("conditionType")) return { kind: "deny", data };
  if (has("siddhiQuery")) return { kind: "customRule", data };
  if (has("policyName") && has("defaultLimit")) return policy(levelByContent(data), data);
  if (has("environments"))
    return { kind: "foreign", data, why: "what it sets for environments is not applied" };
  if (has("context") && has("operations", "uriTemplates", "endpointConfig")) return { kind: "api", data };
  return has("deploy", "policySpecification") ? { kind: "irrelevant" } : { kind: "unknown", data };
}

function levelByContent(data: Field): string {
  const type = data.at("type").text();
  if (levelOf(type) !== undefined && type !== undefined) return type;
  if (data.at("conditionalGroups").isThere) return "advanced";
  const isSubscription = ["stopOnQuotaReach", "billingPlan", "rateLimitCount"].some(
    (key) => data.at(key).isThere,
  );
  return isSubscription ? "subscription" : "application";
}
