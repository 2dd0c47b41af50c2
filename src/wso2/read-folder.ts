import { readdir, readFile, stat } from "node:fs/promises";
import { posix } from "node:path";
import type { TextFile } from "../document/parse-file.js";
import { WeirError } from "../errors.js";

/** What was found in a folder and the folders below it. */
export interface Folder {
  readonly files: readonly TextFile[];
  /** Archives, which apictl writes and nobody has unpacked. */
  readonly archives: readonly string[];
  /** What could not be read, one line each. */
  readonly mistakes: readonly string[];
}

/** Reads all YAML and JSON files below a folder, but for hidden ones, in the order of their names. Throws IMPORT_UNREADABLE. */
export async function readFolder(folder: string): Promise<Folder> {
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new WeirError("IMPORT_UNREADABLE", `cannot read the folder ${folder}: ${error.message}`, {
      cause: error,
    });
  });
  const files: TextFile[] = [];
  const archives: string[] = [];
  const mistakes: string[] = [];
  for (const name of names.map((name) => name.replaceAll("\\", "/")).sort()) {
    const file = posix.join(folder, name);
    if (/(^|\/)\./.test(name)) continue;
    if (name.endsWith(".zip")) archives.push(file);
    if (!/\.(ya?ml|json)$/.test(name)) continue;
    try {
      if ((await stat(file)).isDirectory()) continue;
      files.push({ file, text: await readFile(file, "utf8") });
    } catch (error) {
      mistakes.push(`${file}: ${(error as Error).message}`);
    }
  }
  return { files, archives, mistakes };
}
