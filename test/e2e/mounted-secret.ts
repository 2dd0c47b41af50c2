import { copyFile, mkdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";

/** A folder as the kubelet mounts a secret. */
export interface MountedSecret {
  /** Has other contents from one moment to the next. */
  replace(files: Readonly<Record<string, string>>): Promise<void>;
}

/**
 * Its files are links into `..data`, which is a link itself, and the only one that is ever replaced.
 *
 * @param files what is copied there, by the names there
 */
export async function mountSecret(
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<MountedSecret> {
  await mkdir(folder);
  let version = 0;
  const replace = async (files: Readonly<Record<string, string>>) => {
    const [before, now] = [`..${version}`, `..${++version}`];
    await mkdir(join(folder, now));
    for (const [name, file] of Object.entries(files)) await copyFile(file, join(folder, now, name));
    await symlink(now, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
    await rm(join(folder, before), { recursive: true, force: true });
  };
  await replace(files);
  for (const name of Object.keys(files)) await symlink(join("..data", name), join(folder, name));
  return { replace };
}

/** Puts a copy of `from` in the place of `to`, in one step. */
export async function put(from: string, to: string): Promise<void> {
  await copyFile(from, `${to}.new`);
  await rename(`${to}.new`, to);
}
