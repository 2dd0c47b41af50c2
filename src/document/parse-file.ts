import { FAILSAFE_SCHEMA, load, YAMLException } from "js-yaml";
import { inOneLine } from "../config/problem.js";
import { Field } from "./field.js";

/** A file of YAML or JSON as it was read. */
export interface TextFile {
  readonly file: string;
  readonly text: string;
}

export type ParsedFile =
  | { readonly kind: "document"; readonly document: Field }
  | { readonly kind: "mistake"; readonly mistake: string };

/**
 * Reads a YAML or JSON file. All scalars of YAML stay text: a version of 1.0 must not become the number 1.
 */
export function parseFile({ file, text: withMark }: TextFile): ParsedFile {
  const text = withMark.replace(/^\ufeff/, "");
  try {
    const value = file.endsWith(".json")
      ? JSON.parse(text)
      : load(text, { schema: FAILSAFE_SCHEMA, maxAliases: 1000 });
    return { kind: "document", document: new Field(file, value) };
  } catch (error) {
    return { kind: "mistake", mistake: inOneLine(`${file}${explain(error)}`) };
  }
}

function explain(error: unknown): string {
  if (error instanceof YAMLException) return `:${(error.mark?.line ?? 0) + 1}: ${error.reason}`;
  return `: ${error instanceof Error ? error.message : String(error)}`;
}
