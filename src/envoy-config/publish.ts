import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { load } from "js-yaml";
import { WeirError } from "../errors.js";
import type { Config } from "./config.js";
import { type ResourceKind, type Resources, resourceFiles } from "./resources.js";
import { secretFile } from "./secrets.js";
import { writeYaml } from "./yaml.js";

/** The bootstrap's file, beside those of the resources. */
export const BOOTSTRAP_FILE = "envoy.yaml";

const HEAD = "Made by `weir envoy`; changes are overwritten.";

/** Writes Envoy's bootstrap. Throws ENVOY_UNWRITABLE. */
export async function publishBootstrap(folder: string, bootstrap: Config): Promise<void> {
  await mkdir(folder, { recursive: true }).catch(unwritable);
  await replace(join(folder, BOOTSTRAP_FILE), writeYaml(bootstrap, HEAD));
}

/**
 * Replaces the files that Envoy watches, in an order in which nothing ever leads to what is not there: secrets come
 * first, then new clusters, and old ones that routes have led to until now stay, for requests under way. What does
 * not change is not written. Throws ENVOY_UNWRITABLE.
 *
 * @param takeUpMs how long Envoy is given to take up new clusters before routes lead to them
 * @param kept whether every old cluster stays, until {@link retireClusters}
 */
export async function publishResources(
  folder: string,
  { secrets, listeners, routes, clusters }: Resources,
  takeUpMs: number,
  kept: "all" | "in use",
): Promise<void> {
  await mkdir(folder, { recursive: true }).catch(unwritable);
  const before = [...(await published(folder, "routes")), ...(await published(folder, "listeners"))];
  const wanted = new Set(clusters.map(({ name }) => name));
  const used = clustersIn(before);
  const leaving = (await published(folder, "clusters")).filter(
    ({ name }) => !wanted.has(name) && (kept === "all" || used.has(name)),
  );
  for (const secret of secrets) await publish(join(folder, secretFile(secret.name)), [secret]);
  const isNew = await publish(join(folder, resourceFiles.clusters), [...clusters, ...leaving]);
  if (isNew && before.length > 0) await sleep(takeUpMs);
  await publish(join(folder, resourceFiles.listeners), listeners);
  await publish(join(folder, resourceFiles.routes), routes);
}

/** Takes away the clusters that nothing leads to any more; requests that are still under way there are cut off. */
export async function retireClusters(folder: string, { clusters }: Resources): Promise<void> {
  await publish(join(folder, resourceFiles.clusters), clusters);
}

/** The clusters that a configuration names. */
function clustersIn(value: unknown): Set<unknown> {
  if (typeof value !== "object" || value === null) return new Set();
  const named = Object.entries(value).flatMap(([key, inner]) =>
    key === "cluster" ? [inner] : [...clustersIn(inner)],
  );
  return new Set(named);
}

/** Returns whether that changed anything. */
async function publish(file: string, resources: readonly Config[]): Promise<boolean> {
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
