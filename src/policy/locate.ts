import { normalizePath, pathSegments } from "./path.js";
import type { Api, Policy, Resource } from "./policy.js";
import type { HttpRequest } from "./request.js";

/** What a request is for. */
export interface Location {
  readonly api: Api | null;
  readonly resource: Resource | null;
}

/**
 * Finds the API and the resource of a request by its host, path and method. A route of Envoy's that names its API is
 * believed: whatever way led a request to it, it is that API's backend that the request will reach. Which resource it
 * is, though, the path says first: it is read here as backends may read it, in more spellings than routes are.
 */
export function locate({ apis, apisByRef }: Policy, { route, host, path, method }: HttpRequest): Location {
  const segments = pathSegments(normalizePath(path));
  const routed = route.api === null ? undefined : apisByRef.get(route.api);
  const hit = routed
    ? { api: routed, depth: depthBelow(routed.prefix, segments) }
    : apis.find(host, segments);
  if (!hit) return { api: null, resource: null };
  const { api, depth } = hit;
  const named = routed && route.resource !== null ? api.resourcesByName.get(route.resource) : undefined;
  return { api, resource: api.resources.find(method, segments, depth) ?? named ?? null };
}

/**
 * Whether backends may take a request for one to another API than its route did. `/orders;v=1/items` is none of `/orders`
 * to Envoy, so it comes by way of an API with a shorter prefix, or of none, past the limits that it is meant for. What a
 * route does not name an API for at all is nobody's to say.
 */
export function isDisguised({ apis, apisByRef }: Policy, { route, host, path }: HttpRequest): boolean {
  if (route.api === null || !/[;%]/.test(path)) return false;
  const segments = pathSegments(normalizePath(path));
  if (segments.some(isDisputed)) return true;
  const read = apis.find(host, segments)?.api;
  const routed = apisByRef.get(route.api);
  if (!read || read === routed || (routed && !isBelow(routed.prefix, read.prefix))) return false;
  const [plain = ""] = path.split("?");
  return !isBelow(read.prefix, pathSegments(plain));
}

/**
 * Whether it is a segment to some servers and none to others, which leave parameters out first: `..;` climbs there, and a
 * mere `;` is stepped over. At the end that is where servlets put their session.
 */
function isDisputed(segment: string, index: number, segments: readonly string[]): boolean {
  return /^\.{1,2};/.test(segment) || (segment.startsWith(";") && index < segments.length - 1);
}

/** How many segments the prefix takes; none of a path that it is not in front of. */
function depthBelow(prefix: readonly string[], segments: readonly string[]): number {
  return isBelow(prefix, segments) ? prefix.length : 0;
}

function isBelow(prefix: readonly string[], segments: readonly string[]): boolean {
  return prefix.every((part, index) => part === segments[index]);
}
