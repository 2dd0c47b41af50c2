import { distance } from "fastest-levenshtein";
import type { Path } from "./yaml.js";

/** One mistake in a policy file: where, and what to do about it. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** The text on one line that does nothing to a terminal, whatever the names in it are made of. */
export function inOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** `apis[0].backends.production`; names that are no plain words are quoted. */
export function formatPath(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === "" ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** `; did you mean "Gold"?` for the nearest of the known names, or nothing when none is near. */
export function suggestion(name: string, known: Iterable<string>): string {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const d = distance(name.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best === null ? "" : `; did you mean "${best}"?`;
}

/** `unknown tier "Gld"; did you mean "Gold"?`, or the list of what there is when nothing is near. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = suggestion(name, known);
  const list = known.length > 0 ? `; known: ${known.join(", ")}` : `; there are none`;
  return `unknown ${what} "${name}"${near || list}`;
}
