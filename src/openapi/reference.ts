import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";

/**
 * What a `$ref` within the document leads to: a JSON pointer (RFC 6901) as a URI's fragment. Undefined, and noted,
 * where it leads to nothing or to another file.
 */
export function resolveReference(document: Field, ref: Field, notes: Notes): Field | undefined {
  const text = ref.text() ?? "";
  if (!text.startsWith("#")) {
    notes.add(ref, `"${text}" is not in this file, so its operations are left out: bundle it into one file`);
    return undefined;
  }
  const target = document.at(...pointerTokens(text.slice(1)));
  if (target.isMapping) return target;
  notes.add(ref, `"${text}" leads to nothing: its operations are left out`);
  return undefined;
}

function pointerTokens(fragment: string): string[] {
  const tokens = fragment.split("/").slice(1);
  return tokens.map((token) => decoded(token).replaceAll("~1", "/").replaceAll("~0", "~"));
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}
