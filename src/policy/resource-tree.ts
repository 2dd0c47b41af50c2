import { normalizePath, pathSegments } from "./path.js";

/** An operation's match: `GET /items/{id}`, `* /reports/*`. */
export interface OperationPattern {
  /** Upper case, or `*` for every method. */
  readonly method: string;
  readonly segments: readonly Segment[];
}

type Segment = { kind: "literal"; text: string } | { kind: "parameter" } | { kind: "rest" };

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: Node<T> | null;
  /** Operations whose template ends here, by method. */
  readonly here: Map<string, T>;
  /** Operations whose template goes on with `/*` from here, by method. */
  readonly rest: Map<string, T>;
}

const pattern = /^([A-Z]+(?:-[A-Z]+)*|\*) (\/[^\s?#]*)$/;

/**
 * Reads `METHOD /path/{parameter}`, optionally ending in `/*`; null when it is not of this form. The path is
 * normalized as those of requests are: spelt otherwise it would match none.
 */
export function parseOperation(text: string): OperationPattern | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const [, method = "", path = ""] = match;
  const parts = pathSegments(normalizePath(path));
  const segments: Segment[] = [];
  for (const [index, part] of parts.entries()) {
    if (part === "*") {
      if (index !== parts.length - 1) return null;
      segments.push({ kind: "rest" });
    } else if (/^\{[^{}]+\}$/.test(part)) {
      segments.push({ kind: "parameter" });
    } else if (/[{}*]/.test(part)) {
      return null;
    } else {
      segments.push({ kind: "literal", text: part });
    }
  }
  return { method, segments };
}

/** Two operations overlap when no request can tell them apart: parameters' names do not count. */
export function operationIdentity({ method, segments }: OperationPattern): string {
  const part = (s: Segment) => (s.kind === "literal" ? s.text : s.kind === "parameter" ? "{}" : "*");
  return `${method} /${segments.map(part).join("/")}`;
}

/**
 * The operations of one API. The most specific wins: from left to right a literal beats a parameter and a
 * parameter beats `*`; at the same path the method beats `*`. HEAD counts as GET where it is not listed, since
 * backends serve it by the same code.
 */
export class ResourceTree<T> {
  readonly #root: Node<T> = node();

  add({ method, segments }: OperationPattern, value: T): void {
    let at = this.#root;
    for (const segment of segments) {
      if (segment.kind === "rest") {
        at.rest.set(method, value);
        return;
      }
      at = segment.kind === "parameter" ? parameterOf(at) : literalOf(at, segment.text);
    }
    at.here.set(method, value);
  }

  /** `segments` are those of the path behind the API's prefix. */
  find(method: string, segments: readonly string[], from = 0): T | null {
    return search(this.#root, method, segments, from);
  }
}

function search<T>(at: Node<T>, method: string, segments: readonly string[], index: number): T | null {
  const segment = segments[index];
  if (segment === undefined) return operation(at.here, method) ?? operation(at.rest, method);
  const literal = at.literals.get(segment);
  const found = literal ? search(literal, method, segments, index + 1) : null;
  if (found !== null) return found;
  const byParameter = at.parameter ? search(at.parameter, method, segments, index + 1) : null;
  return byParameter ?? operation(at.rest, method);
}

function operation<T>(byMethod: ReadonlyMap<string, T>, method: string): T | null {
  if (byMethod.size === 0) return null;
  const exact = byMethod.get(method) ?? (method === "HEAD" ? byMethod.get("GET") : undefined);
  return exact ?? byMethod.get("*") ?? null;
}

function node<T>(): Node<T> {
  return { literals: new Map(), parameter: null, here: new Map(), rest: new Map() };
}

function parameterOf<T>(at: Node<T>): Node<T> {
  at.parameter ??= node();
  return at.parameter;
}

function literalOf<T>(at: Node<T>, text: string): Node<T> {
  const existing = at.literals.get(text);
  if (existing) return existing;
  const created = node<T>();
  at.literals.set(text, created);
  return created;
}
