import { apiRoutes, fallbackRoutes } from "./api-routes.js";
import { type Config, typed } from "./config.js";
import type { RoutedApi, Routing } from "./routing.js";

const ANY_HOST = "*";

/** envoy.config.route.v3.RouteConfiguration: a virtual host for each host that an API names, and one for all others. */
export function routeConfiguration({ apis, fallback }: Routing): Config {
  const named = new Set(apis.flatMap(({ hosts }) => hosts));
  const routes = new Map(apis.map((api) => [api, apiRoutes(api)]));
  const last = fallbackRoutes(fallback);
  return {
    name: "gateway",
    "# A host is the same host on any port.": null,
    ignore_port_in_host_matching: true,
    virtual_hosts: [...[...named].filter((host) => host !== ANY_HOST), ANY_HOST].map((host) =>
      virtualHost(host, apis, routes, last),
    ),
  };
}

/**
 * All routes that requests to a host can take. A list of them would be searched from its beginning for each request,
 * twice; a tree of their prefixes is not, however many APIs there are.
 */
function virtualHost(
  host: string,
  apis: readonly RoutedApi[],
  routes: ReadonlyMap<RoutedApi, readonly Config[]>,
  last: readonly Config[],
): Config {
  const here = inOrder(host, apis);
  const prefixes = new Set([...here.map(({ prefix }) => prefix), "/"]);
  const lists = [...prefixes].map((prefix) => {
    // Envoy looks no further than in the list of the longest prefix, so that has the routes of shorter ones too.
    const possible = here.filter((api) => prefix.startsWith(api.prefix));
    return [prefix, routeList([...possible.flatMap((api) => routes.get(api) ?? []), ...last])];
  });
  return {
    name: host,
    domains: [host],
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

function routeList(routes: readonly Config[]): Config {
  const config = typed("envoy.config.route.v3.RouteList", { routes });
  return { action: { name: "routes", typed_config: config } };
}

/** As weir looks for an API: hosts from the most specific to the least, and on each host the longest prefix first. */
function inOrder(host: string, apis: readonly RoutedApi[]): RoutedApi[] {
  return hostsMatching(host).flatMap((name) =>
    apis
      .filter(({ hosts }) => (hosts.length > 0 ? hosts.includes(name) : name === ANY_HOST))
      .toSorted((a, b) => b.prefix.length - a.prefix.length),
  );
}

/** `api.example.com`, `*.example.com`, `*.com`, `*`. */
function hostsMatching(host: string): string[] {
  const hosts = host === ANY_HOST ? [] : [host];
  for (let dot = host.indexOf(".", 1); dot > 0; dot = host.indexOf(".", dot + 1)) {
    const wildcard = `*${host.slice(dot)}`;
    if (wildcard !== host) hosts.push(wildcard);
  }
  return [...hosts, ANY_HOST];
}
