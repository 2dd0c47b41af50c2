import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { operationIdentity, parseOperation } from "../policy/resource-tree.js";
import { type Operation, readOperations } from "./operations.js";

/** What becomes of an operation. */
export type ResourceDraft =
  | { readonly kind: "listed"; readonly match: string }
  /** No path that weir could match, or one that it cannot tell from another's. */
  | { readonly kind: "left out"; readonly operation: string };

/** The operations of a definition as the resources of an API, in its order. */
export function readResources(document: Field, notes: Notes): ResourceDraft[] {
  const operations = readOperations(document, notes);
  if (operations.length === 0) notes.add(document.at("paths"), "has no operations: the API lists none");
  noteServers(operations, notes);
  const leaveOut = (operation: string, why: string, at: Field): ResourceDraft => {
    notes.add(at, `"${operation}" is left out: ${why}`);
    return { kind: "left out", operation };
  };
  const listed = new Map<string, string>();
  return operations.map(({ method, path, at }): ResourceDraft => {
    const match = `${method} ${path.startsWith("/") ? path : `/${path}`}`;
    const operation = parseOperation(match);
    if (!operation) return leaveOut(match, refusal(path), at);
    const identity = operationIdentity(operation);
    const same = listed.get(identity);
    if (same !== undefined) return leaveOut(match, `it is the same as "${same}"`, at);
    listed.set(identity, match);
    return { kind: "listed", match };
  });
}

function refusal(path: string): string {
  if (/[\s?#]/.test(path)) return "only paths are matched, without a query, a fragment or blanks";
  return /[{}*]/.test(path)
    ? "each part between slashes is either text or one {parameter}, and * stands at the end alone"
    : "the method is none of HTTP";
}

function noteServers(operations: readonly Operation[], notes: Notes): void {
  const own = operations.flatMap(({ at, item }) => [item.at("servers"), at.at("servers")]);
  const there = new Map(own.filter(({ isThere }) => isThere).map((field) => [field.place, field]));
  for (const field of there.values())
    notes.add(field, "are left out: all requests to an API go to the same servers");
}
