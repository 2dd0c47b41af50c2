import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { load } from "js-yaml";
import { WeirError } from "../errors.js";
import type { Config } from "./config.js";
import { type ResourceKind, type Resources, resourceFiles } from "./resources.js";
import { writeYaml } from "./yaml.js";

/** The bootstrap's file, beside those of the resources. */
export const BOOTSTRAP_FILE = "envoy.yaml";

export interface Pace {
  /** How long Envoy is given to take up new clusters before routes lead to them. */
  readonly takeUpMs: number;
  /** How long after a route the cluster that it led to is still there, for requests under way. */
  readonly lingerMs: number;
}

const HEAD = "Made by `weir envoy`; changes are overwritten.";

/** Writes Envoy's bootstrap. Throws ENVOY_UNWRITABLE. */
export async function publishBootstrap(folder: string, bootstrap: Config): Promise<void> {
  await mkdir(folder, { recursive: true }).catch(unwritable);
  await replace(join(folder, BOOTSTRAP_FILE), writeYaml(bootstrap, HEAD));
}

/**
 * Replaces the files that Envoy watches, in an order in which no route ever leads to a cluster that is not there: new
 * clusters come first, old ones go last. What does not change is not written. Throws ENVOY_UNWRITABLE.
 *
 * @param signal spares the wait for old clusters, and leaves them
 */
export async function publishResources(
  folder: string,
  { listeners, routes, clusters }: Resources,
  { takeUpMs, lingerMs }: Pace,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(folder, { recursive: true }).catch(unwritable);
  const names = new Set(clusters.map(({ name }) => name));
  const leaving = (await published(folder, "clusters")).filter(({ name }) => !names.has(name));
  const isNew = await publish(folder, "clusters", [...clusters, ...leaving]);
  const isRunning = (await published(folder, "routes")).length > 0;
  if (isNew && isRunning) await sleep(takeUpMs);
  await publish(folder, "listeners", listeners);
  await publish(folder, "routes", routes);
  if (leaving.length === 0) return;
  await sleep(lingerMs, null, { signal }).catch(() => {});
  // The next to be published takes what is left here over.
  if (!signal?.aborted) await publish(folder, "clusters", clusters);
}

/** Returns whether that changed anything. */
async function publish(folder: string, kind: ResourceKind, resources: readonly Config[]): Promise<boolean> {
  const file = join(folder, resourceFiles[kind]);
  const text = writeYaml({ resources }, HEAD);
  if (text === (await readFile(file, "utf8").catch(() => null))) return false;
  await replace(file, text);
  return true;
}

/** What an earlier run left, which Envoy may be running with. */
async function published(folder: string, kind: ResourceKind): Promise<readonly Config[]> {
  const text = await readFile(join(folder, resourceFiles[kind]), "utf8").catch(() => null);
  if (text === null) return [];
  try {
    return (load(text) as { resources?: readonly Config[] }).resources ?? [];
  } catch {
    // Not ours, or half of it: what Envoy could not read either.
    return [];
  }
}

/** In one step, as Envoy takes a file when another is moved to its place (`path_config_source`), and never a half of it. */
async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.new`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch (error) {
    unwritable(error);
  }
}

function unwritable(error: unknown): never {
  throw new WeirError("ENVOY_UNWRITABLE", `cannot write Envoy's configuration: ${(error as Error).message}`, {
    cause: error,
  });
}
