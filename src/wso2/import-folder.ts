import { inOneLine } from "../config/problem.js";
import type { Field } from "../document/field.js";
import { parseFile } from "../document/parse-file.js";
import { WeirError } from "../errors.js";
import { type Folder, readFolder } from "./read-folder.js";
import { translate } from "./translate.js";
import { writePolicy } from "./write.js";

export interface Imported {
  /** The text of a policy file. */
  readonly text: string;
  /** What has no counterpart or another meaning, one line each. */
  readonly notes: readonly string[];
}

/** Makes a policy of the exports below a folder; see {@link importFiles}. */
export async function importFolder(folder: string): Promise<Imported> {
  return importFiles(folder, await readFolder(folder));
}

/**
 * Makes a policy of exports. Throws IMPORT_UNREADABLE where there are none, and IMPORT_INVALID with all files at
 * once that cannot be read.
 */
export function importFiles(folder: string, { files, archives, mistakes }: Folder): Imported {
  const documents: Field[] = [];
  const unreadable = [...mistakes];
  for (const file of files) {
    const parsed = parseFile(file);
    if (parsed.kind === "document") documents.push(parsed.document);
    else unreadable.push(parsed.mistake);
  }
  const translation = translate(documents);
  const all = [...unreadable, ...translation.mistakes].sort();
  if (all.length > 0) {
    throw new WeirError(
      "IMPORT_INVALID",
      `${counted(all.length, "mistake")} in what is to be imported\n${all.join("\n")}`,
    );
  }
  const unpack = archives.map((file) => `${file}: is an archive: unpack it and import again`);
  if (translation.artefacts === 0) {
    const message = [
      `there is nothing of WSO2 API Manager to import in ${folder}`,
      ...unpack,
      ...translation.notes,
    ];
    throw new WeirError("IMPORT_UNREADABLE", message.join("\n"));
  }
  const head = [
    inOneLine(`Made by weir import wso2 of ${counted(translation.artefacts, "artefact")} in ${folder}.`),
    "What it could not take over, or what means something else here, it told on standard error.",
  ];
  return {
    text: writePolicy(translation.policy, head),
    notes: [...translation.notes, ...unpack].map(inOneLine),
  };
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}
