import { readFile } from "node:fs/promises";
import { CORE_SCHEMA, load, mergeTag } from "js-yaml";

/** What the tests read of a service; short forms only, but for volumes. */
export interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly (string | { source: string; target: string; read_only?: boolean })[];
  readonly tmpfs?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly pids_limit?: number;
  readonly mem_limit?: string;
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly deploy?: { readonly replicas: number };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

const withMergeKeys = CORE_SCHEMA.withTags(mergeTag);

export async function readYaml(file: string): Promise<unknown> {
  return load(await readFile(file, "utf8"), { schema: withMergeKeys });
}

export const compose = (await readYaml("docker-compose.yml")) as ComposeFile;
export const override = (await readYaml("docker-compose.cluster.yml")) as ComposeFile;
export const dockerfile = await readFile("Dockerfile", "utf8");

export const services = Object.entries(compose.services);

export function service(name: string): Service {
  const found = compose.services[name];
  if (!found) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

/** The value of `--flag=value` in a service's command. */
export function flag(name: string, flag: string): string {
  const found = service(name).command?.find((word) => word.startsWith(`--${flag}=`));
  if (!found) throw new Error(`the command of ${name} has no --${flag}=`);
  return found.slice(flag.length + 3);
}

/** What a service mounts, as `source` and `target`. */
export function mounts({ volumes = [] }: Service) {
  return volumes.map((volume) => {
    if (typeof volume !== "string") return { ...volume, read_only: volume.read_only ?? false };
    const [source = "", target = "", mode] = volume.split(":");
    return { source, target, read_only: mode === "ro" };
  });
}

/** The lines of a stage of the Dockerfile. */
export function stage(target: string): string {
  const found = dockerfile
    .split(/^(?=FROM )/m)
    .find((text) => text.split("\n")[0]?.endsWith(` AS ${target}`));
  if (!found) throw new Error(`the Dockerfile has no stage ${target}`);
  return found;
}
