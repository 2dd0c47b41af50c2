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
 * Calls `onChange` with the new text whenever the content of `file` differs from the text last seen, and has stayed
 * the same for `settleMs`: a file that is written in pieces is taken when it is whole. It watches the folder and not
 * the file, so that a rename over it and a ConfigMap's swapped symbolic link are seen too. A file that can't be
 * read at the moment is left for the next look.
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
  let candidate: string | null = null;
  let settling: NodeJS.Timeout | undefined;
  let stopped = false;

  const look = async () => {
    const text = await readFile(file, "utf8").catch(() => last);
    if (stopped) return;
    if (text === last) {
      candidate = null;
    } else if (text === candidate) {
      candidate = null;
      last = text;
      onChange(text);
    } else {
      candidate = text;
      lookSoon();
    }
  };
  const lookSoon = () => {
    clearTimeout(settling);
    settling = setTimeout(look, settleMs);
  };

  const poll = setInterval(() => candidate === null && look(), pollMs);
  const stopWatching = watchFolder(dirname(file), lookSoon);
  return () => {
    stopped = true;
    clearInterval(poll);
    clearTimeout(settling);
    stopWatching();
  };
}

/** Where the system has no watches left, the poll has to do. */
function watchFolder(folder: string, onEvent: () => void): () => void {
  try {
    const watcher = watch(folder, onEvent);
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
