import { type ApiSite, apiRoutes, fallbackRoutes } from "./api-routes.js";
import { type Config, typed } from "./config.js";
import { type HostTable, hostTables, prefixesOf } from "./host-tables.js";
import type { Routing } from "./routing.js";
import { plainStartOf } from "./spelling.js";

/** envoy.config.route.v3.RouteConfiguration. */
export function routeConfiguration({ apis, fallback }: Routing): Config {
  const last = fallbackRoutes(fallback);
  return {
    name: "gateway",
    "# A host is the same host on any port.": null,
    ignore_port_in_host_matching: true,
    virtual_hosts: hostTables(apis).map((table) => virtualHost(table, last)),
  };
}

/**
 * All routes that requests to a host can take. A list of them would be searched from its beginning for each request,
 * twice; a tree of their prefixes is not, however many APIs there are.
 */
function virtualHost(table: HostTable, last: readonly Config[]): Config {
  const sites = sitesByStart(table);
  const lists = [...new Set([...sites.keys(), "/"])].map((start) => [
    start,
    routeList(routesAt(start, sites, last)),
  ]);
  return {
    name: table.host,
    domains: [table.host],
    matcher: {
      matcher_tree: {
        input: {
          name: "path",
          typed_config: typed("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", { header_name: ":path" }),
        },
        prefix_match_map: { map: Object.fromEntries(lists) },
      },
    },
  };
}

interface RankedSite extends ApiSite {
  /** The smaller, the earlier weir looks here. */
  readonly layer: number;
}

type Sites = ReadonlyMap<string, readonly RankedSite[]>;

/** By as much of the prefixes as has one spelling: a tree compares bytes. */
function sitesByStart({ layers }: HostTable): Sites {
  const sites = new Map<string, RankedSite[]>();
  for (const [index, { only, isCopy, apis }] of layers.entries()) {
    for (const api of apis.values()) {
      const start = plainStartOf(api.prefix);
      const here = sites.get(start) ?? [];
      sites.set(start, here);
      here.push({ api, host: only, isWhole: isCopy, layer: index });
    }
  }
  return sites;
}

/**
 * Envoy looks no further than in the list of the longest prefix, and takes it for a mere beginning: `/orders` is in front of
 * `/orders-old` too. So each list has the routes of shorter prefixes behind its own, though not those of their
 * resources: what a route does not say of a resource, weir sees in the path.
 */
function routesAt(start: string, sites: Sites, last: readonly Config[]): Config[] {
  const here = prefixesOf(start).flatMap((shorter) => sites.get(shorter) ?? []);
  const inOrder = here.toSorted((a, b) => a.layer - b.layer || b.api.prefix.length - a.api.prefix.length);
  // Behind what takes every request, nothing would be found.
  const end = inOrder.findIndex(({ api, host }) => api.prefix === "/" && host === null);
  const routes = (end < 0 ? inOrder : inOrder.slice(0, end + 1)).flatMap((site) =>
    apiRoutes({ ...site, isWhole: site.isWhole || plainStartOf(site.api.prefix) !== start }),
  );
  return end < 0 ? [...routes, ...last] : routes;
}

function routeList(routes: readonly Config[]): Config {
  const config = typed("envoy.config.route.v3.RouteList", { routes });
  return { action: { name: "routes", typed_config: config } };
}
