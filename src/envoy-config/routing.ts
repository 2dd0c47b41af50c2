import type { LoadedPolicy } from "../config/load.js";
import type { ApiEntry } from "../config/schema/api.js";
import type { PolicyFile } from "../config/schema/policy.js";
import { WeirError } from "../errors.js";
import type { AiTerms } from "../policy/ai.js";
import { prefixSegments } from "../policy/api-index.js";
import { type Environment, environments } from "../policy/policy.js";
import { type OperationPattern, parseOperation } from "../policy/resource-tree.js";
import { type Destination, destinationOf, type Upstream } from "./upstream.js";

/** An API, as far as routes are concerned. */
export interface RoutedApi {
  /** `name/version`. */
  readonly ref: string;
  /** In lower case; none stands for every host. */
  readonly hosts: readonly string[];
  /** Normalized: no slash at the end, but for `/` itself. */
  readonly prefix: string;
  readonly operations: readonly { readonly name: string; readonly pattern: OperationPattern }[];
  readonly ai: AiTerms | null;
  readonly destinations: Destinations;
}

/** Where the requests of each environment go; those of one that is not there are denied by weir. */
export type Destinations = Partial<Readonly<Record<Environment, Destination>>>;

export interface Routing {
  readonly apis: readonly RoutedApi[];
  /** Where requests go that match no API; null where there is no such place. */
  readonly fallback: Destinations | null;
}

/** Where requests go. */
export interface Way {
  readonly destination: Destination;
  /** The only one whose requests go there; null where all do that no way before it takes. */
  readonly environment: Environment | null;
}

/** Requests without weir's header, as those that passed while weir did not answer, count as production's. */
export function waysOf({ production, sandbox }: Destinations): Way[] {
  if (production && sandbox && !isSame(production, sandbox)) {
    return [
      { destination: sandbox, environment: "sandbox" },
      { destination: production, environment: null },
    ];
  }
  const single = production ?? sandbox;
  return single ? [{ destination: single, environment: null }] : [];
}

/** All backends that requests can be sent to, each once. */
export function upstreamsOf({ apis, fallback }: Routing): Upstream[] {
  const destinations = [...apis.map((api) => api.destinations), ...(fallback ? [fallback] : [])];
  const upstreams = destinations
    .flatMap((byEnvironment) => environments.flatMap((name) => byEnvironment[name] ?? []))
    .map(({ upstream }) => [upstream.cluster, upstream] as const);
  return [...new Map(upstreams).values()];
}

function isSame(a: Destination, b: Destination): boolean {
  const isSamePlace = a.upstream.cluster === b.upstream.cluster && a.basePath === b.basePath;
  return isSamePlace && a.timeoutMs === b.timeoutMs;
}

/** Where a policy sends each request. Throws ENVOY_NO_BACKEND with every API whose backends are not known. */
export function routingOf({ file, policy }: LoadedPolicy): Routing {
  const fallback = file.gateway?.backends ? destinationsOf(file.gateway.backends) : null;
  const missing: string[] = [];
  const apis = (file.apis ?? []).map((entry, i): RoutedApi => {
    const ref = `${entry.name}/${entry.version}`;
    const destinations: Partial<Record<Environment, Destination>> = {};
    for (const environment of environments) {
      if (entry.backends && !entry.backends[environment]) continue;
      const destination = destinationIn(file, entry, environment, fallback);
      if (destination) destinations[environment] = destination;
      else missing.push(`apis[${i}].backends.${environment}: ${ref} has no url`);
    }
    return {
      ref,
      hosts: (entry.match.hosts ?? []).map((host) => host.toLowerCase()),
      prefix: `/${prefixSegments(entry.match).join("/")}`,
      operations: (entry.resources ?? []).map(({ match }) => ({ name: match, pattern: operationOf(match) })),
      ai: policy.apisByRef.get(ref)?.ai ?? null,
      destinations,
    };
  });
  if (missing.length === 0) return { apis, fallback };
  const advice = "give each a url, or name one for all of them under gateway.backends";
  throw new WeirError(
    "ENVOY_NO_BACKEND",
    `nobody says where to send requests: ${advice}\n${missing.join("\n")}`,
  );
}

/** The sandbox has what production has where nothing else is said of it; never the other way round. */
function destinationIn(
  { gateway }: PolicyFile,
  { backends }: ApiEntry,
  environment: Environment,
  fallback: Destinations | null,
): Destination | undefined {
  const own = backends?.[environment];
  if (own?.url !== undefined) return destinationOf({ ...own, url: own.url });
  if (gateway?.backends?.[environment]) return fallback?.[environment];
  return fallback?.production;
}

function destinationsOf(backends: NonNullable<NonNullable<PolicyFile["gateway"]>["backends"]>): Destinations {
  const { production, sandbox } = backends;
  return {
    ...(production && { production: destinationOf(production) }),
    ...(sandbox && { sandbox: destinationOf(sandbox) }),
  };
}

function operationOf(match: string): OperationPattern {
  const pattern = parseOperation(match);
  if (!pattern) throw new Error(`operation not checked: ${match}`);
  return pattern;
}
