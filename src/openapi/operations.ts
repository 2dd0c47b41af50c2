import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { resolveReference } from "./reference.js";

/** An operation of an OpenAPI definition. */
export interface Operation {
  /** `GET`. */
  readonly method: string;
  /** The path template as it stands there: `/items/{id}`. */
  readonly path: string;
  readonly at: Field;
  /** The path item that it belongs to. */
  readonly item: Field;
}

/** What a path item calls its operations; `query` and `additionalOperations` are OpenAPI 3.2's. */
const methods = new Set(["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"]);

/** The operations of a definition (Path Item Object, in OpenAPI 2.0 and 3), in its order. */
export function readOperations(document: Field, notes: Notes): Operation[] {
  return document
    .at("paths")
    .entries()
    .filter(([path]) => !path.startsWith("x-"))
    .flatMap(([path, entry]) =>
      withReferred(document, entry, notes).flatMap((item) =>
        operationsOf(item).map(([method, at]) => ({ method, path, at, item })),
      ),
    );
}

function operationsOf(item: Field): [method: string, operation: Field][] {
  return item.entries().flatMap(([key, part]): [string, Field][] => {
    if (key === "additionalOperations") return part.entries();
    return methods.has(key) && part.isThere ? [[key.toUpperCase(), part]] : [];
  });
}

/** A path item and those that its `$ref` leads to: what stands beside one adds to it. */
function withReferred(document: Field, item: Field, notes: Notes): Field[] {
  const items = [item];
  for (let ref = item.at("$ref"); ref.isThere; ref = (items.at(-1) ?? item).at("$ref")) {
    const target = resolveReference(document, ref, notes);
    if (!target) break;
    if (items.some(({ place }) => place === target.place)) {
      notes.add(ref, "leads back to itself");
      break;
    }
    items.push(target);
  }
  return items;
}
