import { formatPath, type Problem, unknownName } from "../problem.js";
import type { PolicyFile } from "../schema/policy.js";
import type { Draft } from "../shape.js";
import type { Path } from "../yaml.js";

/** A policy file as far as it could be read. */
export type File = Draft<PolicyFile>;

/** The names that references may have. */
export interface Known {
  readonly what: string;
  readonly names: ReadonlySet<string>;
  /** False when one of them could not be read: then nobody knows what is there. */
  readonly isComplete: boolean;
}

/** @param names undefined for those that could not be read */
export function knownNames(what: string, names: readonly (string | undefined)[]): Known {
  const readable = new Set(names.filter((name) => name !== undefined));
  return { what, names: readable, isComplete: !names.includes(undefined) };
}

export function knownApis(file: File): Known {
  const refs = entries(file, "apis").map((api) =>
    api?.name && api.version ? `${api.name}/${api.version}` : undefined,
  );
  return knownNames("API", refs);
}

/** A reference to a name that is not there. */
export function checkReference(path: Path, name: string | undefined, known: Known): Problem[] {
  if (name === undefined || known.names.has(name) || !known.isComplete) return [];
  return [{ path, message: unknownName(known.what, name, [...known.names]) }];
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
