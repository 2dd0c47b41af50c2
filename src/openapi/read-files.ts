import { readFile } from "node:fs/promises";
import { inOneLine } from "../config/problem.js";
import type { Field } from "../document/field.js";
import { Notes } from "../document/notes.js";
import { parseFile } from "../document/parse-file.js";
import { WeirError } from "../errors.js";
import { type ApiDraft, draftApis } from "./api.js";

export interface Drafted {
  readonly apis: readonly ApiDraft[];
  /** What has no counterpart, or was made up, one line each. */
  readonly notes: readonly string[];
}

/** Reads the APIs that OpenAPI files define. Throws OPENAPI_INVALID with all files at once that define none. */
export async function readApis(files: readonly string[]): Promise<Drafted> {
  const mistakes: string[] = [];
  const documents: Field[] = [];
  for (const file of files) {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      mistakes.push(inOneLine(`${file}: ${error.message}`));
      return null;
    });
    if (text === null) continue;
    const parsed = parseFile({ file, text });
    if (parsed.kind === "document") documents.push(parsed.document);
    else mistakes.push(parsed.mistake);
  }
  const notes = new Notes();
  const apis = draftApis(documents, notes);
  const all = [...mistakes, ...notes.mistakes].sort();
  if (all.length === 0) return { apis, notes: notes.notes };
  const count = all.length === 1 ? "1 mistake" : `${all.length} mistakes`;
  throw new WeirError("OPENAPI_INVALID", `${count} in what should define APIs\n${all.join("\n")}`);
}
