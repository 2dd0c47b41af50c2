import type { OperationPattern } from "../policy/resource-tree.js";
import type { Config } from "./config.js";
import { plainStartOf, spellingsOf } from "./spelling.js";

/** envoy.config.route.v3.RouteMatch of an operation below a prefix: a whole path, whatever its query. */
export function matchOperation(prefix: string, { method, segments }: OperationPattern): Config {
  const root = prefix === "/" ? "" : spellingsOf(prefix);
  const parts = segments.map((segment) => {
    switch (segment.kind) {
      case "literal":
        return `/${spellingsOf(segment.text)}`;
      case "parameter":
        return "/[^/]+";
      case "rest":
        return "(/.*)?";
      default:
        return segment satisfies never;
    }
  });
  const isOpen = segments.at(-1)?.kind === "rest";
  const match = { safe_regex: { regex: `${root}${parts.join("")}${isOpen ? "" : "/?"}` } };
  if (method === "*") return match;
  // HEAD counts as GET where it is not listed; where it is, its route comes first.
  const methods = method === "GET" ? { safe_regex: { regex: "GET|HEAD" } } : { exact: method };
  return { ...match, headers: [{ name: ":method", string_match: methods }] };
}

/** envoy.config.route.v3.RouteMatch of all that is behind a prefix. */
export function matchPrefix(prefix: string): Config {
  if (prefix === "/") return { prefix };
  if (plainStartOf(prefix) === prefix) return { path_separated_prefix: prefix };
  return { safe_regex: { regex: `${spellingsOf(prefix)}(/.*)?` } };
}

/** Orders operations as weir prefers them, for Envoy takes the first route that matches. */
export function moreSpecificFirst(a: OperationPattern, b: OperationPattern): number {
  for (let i = 0; i < Math.max(a.segments.length, b.segments.length); i++) {
    const difference = rank(a, i) - rank(b, i);
    if (difference !== 0) return difference;
  }
  return methodRank(a) - methodRank(b);
}

const ranks = { literal: 0, parameter: 1, rest: 2 };

function rank({ segments }: OperationPattern, index: number): number {
  const segment = segments[index];
  return segment ? ranks[segment.kind] : 0;
}

function methodRank({ method }: OperationPattern): number {
  if (method === "*") return 2;
  return method === "HEAD" ? 0 : 1;
}
