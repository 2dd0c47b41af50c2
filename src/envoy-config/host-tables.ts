import type { RoutedApi } from "./routing.js";

export const ANY_HOST = "*";

/** What one virtual host of Envoy's leads to. Envoy picks one for a request, and looks in no other. */
export interface HostTable {
  /** The domain; {@link ANY_HOST} for all that no other has. */
  readonly host: string;
  /** In the order in which weir looks for an API: from the most specific host to the least. */
  readonly layers: readonly Layer[];
}

/** The APIs of one host, by prefix. */
export interface Layer {
  /** Only requests to this host take it; null where all that come to the table may. */
  readonly only: string | null;
  /** Whether it is listed in another table too, where its APIs are at home. */
  readonly isCopy: boolean;
  readonly apis: ReadonlyMap<string, RoutedApi>;
}

/**
 * How many APIs of less specific hosts a table repeats at the most. A policy may have a thousand hosts with an API each
 * and a thousand APIs that answer to every host: repeated for each host they would be a million.
 */
const MAX_COPIES = 16;

/**
 * One table for every host, and one for each host that an API names, unless that would repeat too much of what less
 * specific hosts have: such a host is a guest in the table of the next less specific one.
 */
export function hostTables(apis: readonly RoutedApi[]): HostTable[] {
  const byHost = apisByHost(apis);
  const inherited = new Map([...byHost.keys()].map((host) => [host, inheritedBy(host, byHost)]));
  const isApart = (host: string) => host === ANY_HOST || (inherited.get(host)?.count ?? 0) <= MAX_COPIES;
  const guests = new Map<string, string[]>();
  for (const host of byHost.keys()) {
    if (isApart(host)) continue;
    const home = lessSpecific(host).find((other) => byHost.has(other) && isApart(other)) ?? ANY_HOST;
    guests.set(home, [...(guests.get(home) ?? []), host]);
  }
  return [...byHost.keys()].filter(isApart).map((host) => ({
    host,
    layers: [
      ...(guests.get(host) ?? [])
        .toSorted(moreSpecificFirst)
        .map((guest) => ({ only: guest, isCopy: false, apis: byHost.get(guest) ?? none })),
      { only: null, isCopy: false, apis: byHost.get(host) ?? none },
      ...(inherited.get(host)?.layers ?? []).map((apis) => ({ only: null, isCopy: true, apis })),
    ],
  }));
}

const none: ReadonlyMap<string, RoutedApi> = new Map();

/** Any host comes last. */
function apisByHost(apis: readonly RoutedApi[]): Map<string, Map<string, RoutedApi>> {
  const byHost = new Map<string, Map<string, RoutedApi>>();
  const any = new Map<string, RoutedApi>();
  for (const api of apis) {
    for (const host of api.hosts.length > 0 ? api.hosts : [ANY_HOST]) {
      const here = host === ANY_HOST ? any : (byHost.get(host) ?? new Map<string, RoutedApi>());
      if (host !== ANY_HOST) byHost.set(host, here);
      here.set(api.prefix, api);
    }
  }
  return byHost.set(ANY_HOST, any);
}

/** The APIs of less specific hosts that answer to this one too: those that none of its own is in front of. */
function inheritedBy(host: string, byHost: ReadonlyMap<string, ReadonlyMap<string, RoutedApi>>) {
  const before = [byHost.get(host) ?? none];
  const layers: Map<string, RoutedApi>[] = [];
  for (const other of lessSpecific(host)) {
    if (before.some((layer) => layer.has("/"))) break;
    const apis = byHost.get(other);
    if (!apis) continue;
    const reachable = [...apis].filter(
      ([prefix]) => !before.some((layer) => prefixesOf(prefix).some((shorter) => layer.has(shorter))),
    );
    before.push(apis);
    layers.push(new Map(reachable));
  }
  return { layers, count: layers.reduce((sum, layer) => sum + layer.size, 0) };
}

/** As weir looks for an API: hosts from the most specific to the least, and on each host the longest prefix first. */
export function inOrder(host: string, apis: readonly RoutedApi[]): RoutedApi[] {
  const hosts = host === ANY_HOST ? [ANY_HOST] : [host, ...lessSpecific(host)];
  return hosts.flatMap((name) =>
    apis
      .filter(({ hosts }) => (hosts.length > 0 ? hosts.includes(name) : name === ANY_HOST))
      .toSorted((a, b) => b.prefix.length - a.prefix.length),
  );
}

/** Of `/a/b`: itself, `/a` and `/`. */
export function prefixesOf(prefix: string): string[] {
  const prefixes = [prefix];
  for (let slash = prefix.lastIndexOf("/"); slash > 0; slash = prefix.lastIndexOf("/", slash - 1))
    prefixes.push(prefix.slice(0, slash));
  return prefix === "/" ? prefixes : [...prefixes, "/"];
}

/** Of `api.example.com`: `*.example.com`, `*.com`, `*`. */
function lessSpecific(host: string): string[] {
  if (host === ANY_HOST) return [];
  const hosts: string[] = [];
  for (let dot = host.indexOf(".", 1); dot > 0; dot = host.indexOf(".", dot + 1)) {
    const wildcard = `*${host.slice(dot)}`;
    if (wildcard !== host) hosts.push(wildcard);
  }
  return [...hosts, ANY_HOST];
}

/** Names before wildcards, and of those the longest first, as Envoy looks for a domain. */
function moreSpecificFirst(a: string, b: string): number {
  const isWildcard = (host: string) => host.startsWith("*");
  return Number(isWildcard(a)) - Number(isWildcard(b)) || b.length - a.length;
}
