import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

export interface FileWatchOptions {
  /** How often to look even though the system reported nothing (network file systems report nothing). */
  readonly pollMs: number;
  /** How long the folder has to be quiet after an event, so that half-written files are not read. */
  readonly settleMs: number;
}

/**
 * Calls `onChange` with the new text whenever the content of `file` differs from the text last seen. It watches
 * the folder and not the file, so that a rename over it and a ConfigMap's swapped symbolic link are seen too. A
 * file that can't be read at the moment is left for the next look.
 *
 * @returns stops watching
 */
export function watchFile(
  file: string,
  seen: string,
  onChange: (text: string) => void,
  { pollMs, settleMs }: FileWatchOptions,
): () => void {
  let last = seen;
  let stopped = false;
  let settling: NodeJS.Timeout | undefined;

  const look = async () => {
    const text = await readFile(file, "utf8").catch(() => last);
    if (stopped || text === last) return;
    last = text;
    onChange(text);
  };
  const lookSoon = () => {
    clearTimeout(settling);
    settling = setTimeout(look, settleMs);
  };

  const poll = setInterval(look, pollMs);
  const watcher = watch(dirname(file), lookSoon);
  watcher.on("error", () => watcher.close());
  return () => {
    stopped = true;
    clearInterval(poll);
    clearTimeout(settling);
    watcher.close();
  };
}
