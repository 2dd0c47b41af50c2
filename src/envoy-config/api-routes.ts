import { ENVIRONMENT_HEADER } from "../envoy/check-reply.js";
import type { Environment } from "../policy/policy.js";
import { type Config, typed } from "./config.js";
import { AUTHZ_FILTER } from "./ext-authz.js";
import { ADMISSION_FILTER, METERING_FILTER } from "./ext-proc.js";
import { matchOperation, matchPrefix, moreSpecificFirst } from "./operation-match.js";
import { type Destinations, type RoutedApi, waysOf } from "./routing.js";
import { literal, spellingsOf } from "./spelling.js";
import type { Destination } from "./upstream.js";

/** An API at a place where its routes are listed. */
export interface ApiSite {
  readonly api: RoutedApi;
  /** Only requests to this host are the API's, and others come here too; null where the virtual host says so. */
  readonly host: string | null;
  /** Whether one route is to stand for all of the API, without its resources. */
  readonly isWhole: boolean;
}

/**
 * The routes of an API, the most specific first: one for each of its resources, then one for all else behind its
 * prefix. Where sandbox and production are different backends each comes twice, for weir's header decides.
 */
export function apiRoutes({ api, host, isWhole }: ApiSite): Config[] {
  const toHost = host === null ? {} : matchHost(host);
  const operations = isWhole
    ? []
    : api.operations.toSorted((a, b) => moreSpecificFirst(a.pattern, b.pattern));
  return [
    ...operations.flatMap(({ name, pattern }) =>
      routesTo(api, name, join(matchOperation(api.prefix, pattern), toHost)),
    ),
    ...routesTo(api, null, join(matchPrefix(api.prefix), toHost)),
  ];
}

/** For what matches no API. Without a place for it, Envoy answers 404 once weir has counted it. */
export function fallbackRoutes(fallback: Destinations | null): Config[] {
  const match = { prefix: "/" };
  const name = "no API";
  const typed_per_filter_config = { [AUTHZ_FILTER]: telling({ api: NO_API }) };
  if (!fallback) return [{ name, match, direct_response: { status: 404 }, typed_per_filter_config }];
  return byEnvironment(fallback, (destination, extraMatch) => ({
    name,
    match: { ...match, ...extraMatch },
    route: action(destination, false),
    typed_per_filter_config,
  }));
}

function routesTo(api: RoutedApi, resource: string | null, match: Config): Config[] {
  return byEnvironment(api.destinations, (destination, extraMatch) => ({
    name: resource === null ? api.ref : `${api.ref} ${resource}`,
    match: join(match, extraMatch),
    route: {
      ...action(destination, api.ai !== null),
      ...rewrite(api.prefix, destination),
    },
    // A compressed response would have to be inflated to be metered.
    ...(api.ai && { request_headers_to_remove: ["accept-encoding"] }),
    typed_per_filter_config: filterConfigOf(api, resource),
  }));
}

/** Says to weir that a route is of no API, which is more than saying nothing: no API has a name without a version. */
const NO_API = "none";

/** What weir is told of a request by its route, which no client can touch. */
function telling(context_extensions: Config): Config {
  return typed("envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute", {
    check_settings: { context_extensions },
  });
}

/** What weir's filters are told by a route of an API: which it is, and whether there is a model behind it. */
export function filterConfigOf({ ref, ai }: RoutedApi, resource: string | null): Config {
  return {
    [AUTHZ_FILTER]: telling({ api: ref, ...(resource !== null && { resource }) }),
    ...(ai?.readsRequest && { [ADMISSION_FILTER]: switchedOn }),
    ...(ai && { [METERING_FILTER]: switchedOn }),
  };
}

const switchedOn = typed("envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute", { overrides: {} });

function byEnvironment(
  destinations: Destinations,
  makeRoute: (destination: Destination, extraMatch: Config) => Config,
): Config[] {
  return waysOf(destinations).map(({ destination, environment }) =>
    makeRoute(destination, environment === null ? {} : only(environment)),
  );
}

function only(environment: Environment): Config {
  return { headers: [{ name: ENVIRONMENT_HEADER, string_match: { exact: environment } }] };
}

/** As Envoy finds the domain of a virtual host: on any port, and in upper and lower case. */
function matchHost(host: string): Config {
  const name = host.startsWith("*.") ? `.+${literal(host.slice(1))}` : literal(host);
  return { headers: [{ name: ":authority", string_match: { safe_regex: { regex: `(?i)${name}(:.*)?` } } }] };
}

/** What `extra` asks for is of headers only. */
function join(match: Config, extra: Config): Config {
  const headers = [match["headers"], extra["headers"]].flatMap((list) => (Array.isArray(list) ? list : []));
  return headers.length > 0 ? { ...match, headers } : match;
}

function action(destination: Destination, isAi: boolean): Config {
  const { upstream } = destination;
  const timeoutMs = timeoutMsOf(destination, isAi);
  return {
    cluster: upstream.cluster,
    ...(timeoutMs !== null && { timeout: `${timeoutMs / 1000}s` }),
    // A server behind TLS goes by the name that it is asked for; any other gets the client's.
    ...(upstream.isTls && { auto_host_rewrite: true, append_x_forwarded_host: true }),
  };
}

/** How long Envoy waits for the end of an answer, 0 for ever; null where that is its own default. */
export function timeoutMsOf({ timeoutMs }: Destination, isAi: boolean): number | null {
  // An answer of a model takes as long as it takes.
  return timeoutMs ?? (isAi ? 0 : null);
}

function rewrite(prefix: string, { basePath }: Destination): Config {
  if (basePath === null) return {};
  const regex = prefix === "/" ? "^/" : `^${spellingsOf(prefix)}/?`;
  return { regex_rewrite: { pattern: { regex }, substitution: `${basePath.replaceAll("\\", "\\\\")}/` } };
}
