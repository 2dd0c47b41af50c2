import type { Api, Application, Environment, LimitSet, Resource } from "../../src/policy/policy.js";
import type { HttpRequest, Json } from "../../src/policy/request.js";
import { ResourceTree } from "../../src/policy/resource-tree.js";
import type { Subject } from "../../src/policy/subject.js";
import { requestOf } from "../support/requests.js";

/** No limits at all. */
export const unlimited: LimitSet = { own: [], tier: null };

/** An application that limits nothing and may call nothing. */
export function applicationOf(name: string, parts: Partial<Application> = {}): Application {
  return { name, limits: [], subscriptions: new Map(), ...parts };
}

/** `orders/v1`, without limits. */
export function apiOf(ref: string, parts: Partial<Api> = {}): Api {
  const [name = "", version = ""] = ref.split("/");
  const resources = new ResourceTree<Resource>();
  const located = { prefix: [name, version], resources, resourcesByName: new Map() };
  const empty = { ai: null, limits: unlimited, anonymous: [], backends: null, faults: null };
  return { ref, name, version, ...located, ...empty, ...parts };
}

interface SubjectParts {
  readonly api?: string | Api | null;
  readonly resource?: string | null;
  readonly application?: string | Application;
  readonly user?: string;
  readonly environment?: Environment;
  readonly clientIp?: string;
  readonly claims?: Json;
  readonly request?: HttpRequest;
}

/** A request of ann's by the application mobile for orders/v1, as far as nothing else is given. */
export function subjectOf(parts: SubjectParts = {}): Subject {
  const { api = "orders/v1", resource = null, application = "mobile", user = "ann" } = parts;
  return {
    api: typeof api === "string" ? apiOf(api) : api,
    resource: resource === null ? null : { name: resource, limits: unlimited },
    caller: {
      application: typeof application === "string" ? applicationOf(application) : application,
      user,
    },
    environment: parts.environment ?? "production",
    clientIp: parts.clientIp ?? "203.0.113.7",
    claims: parts.claims,
    request: parts.request ?? requestOf(),
  };
}

/** The same without credentials. */
export function anonymousOf(parts: Omit<SubjectParts, "application" | "user"> = {}): Subject {
  return { ...subjectOf(parts), caller: null };
}
