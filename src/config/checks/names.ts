import { formatPath, type Problem, unknownName } from "../problem.js";
import type { PolicyFile } from "../schema/policy.js";
import type { Draft } from "../shape.js";
import type { Path } from "../yaml.js";

/** A policy file as far as it could be read. */
export type File = Draft<PolicyFile>;

/** Undefined for an API whose name or version could not be read. */
export function apiRefs(file: File): (string | undefined)[] {
  return entries(file, "apis").map((api) =>
    api?.name && api.version ? `${api.name}/${api.version}` : undefined,
  );
}

/** A reference to a name that is not there. As long as a name is undefined, nobody knows what is there. */
export function checkReference(
  path: Path,
  name: string | undefined,
  what: string,
  names: readonly (string | undefined)[],
): Problem[] {
  const known = names.filter((known) => known !== undefined);
  if (name === undefined || known.includes(name) || known.length < names.length) return [];
  return [{ path, message: unknownName(what, name, known) }];
}

/** The entries of a list, undefined where they could not be read; a single such one for the list itself. */
export function entries<K extends "apis" | "applications" | "identity">(
  file: File,
  part: K,
): NonNullable<File[K]> {
  return file[part] ?? ((isUnreadable(file, part) ? [undefined] : []) as NonNullable<File[K]>);
}

/** Whether the part is in the file, but not as anything that could be checked. */
export function isUnreadable(file: File, part: keyof PolicyFile): boolean {
  return Object.hasOwn(file, part) && file[part] === undefined;
}

/** Collects names that must be unique, and the places where one stands again. */
export class Names {
  readonly problems: Problem[] = [];
  readonly #what: string;
  readonly #places = new Map<string, Path>();

  constructor(what: string) {
    this.#what = what;
  }

  add(name: string, path: Path, shown = `${this.#what} "${name}"`): void {
    const first = this.#places.get(name);
    if (!first) this.#places.set(name, path);
    else this.problems.push({ path, message: `${shown} is already at ${formatPath(first)}` });
  }
}
