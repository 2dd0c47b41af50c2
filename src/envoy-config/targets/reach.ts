import { ANY_HOST, inOrder } from "../host-tables.js";
import type { RoutedApi, Routing } from "../routing.js";

/** A host that APIs name, or all others, and the APIs that can be reached there, in the order in which weir looks. */
export interface Host {
  /** `api.example.com`, `*.example.com` or `*`. */
  readonly name: string;
  readonly apis: readonly RoutedApi[];
}

/** Gateways look for a host first and then among its routes alone; here each host has those of wider ones, too. */
export function hostsOf({ apis }: Routing): Host[] {
  const named = new Set(apis.flatMap(({ hosts }) => hosts));
  named.delete(ANY_HOST);
  return [...named, ANY_HOST].map((name) => ({ name, apis: reachable(inOrder(name, apis)) }));
}

/** Without those behind an API that takes all of their paths on a host of its own. */
function reachable(apis: readonly RoutedApi[]): RoutedApi[] {
  return apis.filter((api, i) => !apis.slice(0, i).some(({ prefix }) => covers(prefix, api.prefix)));
}

function covers(prefix: string, other: string): boolean {
  return prefix === "/" || prefix === other || other.startsWith(`${prefix}/`);
}
