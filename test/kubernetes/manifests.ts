import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";

/** The Kubernetes examples, with as much of the shapes of their objects as the tests look at. */

export type Labels = Readonly<Record<string, string>>;

export interface Metadata {
  readonly name: string;
  readonly labels?: Labels;
}

interface Selector {
  readonly matchLabels: Labels;
}

export interface Probe {
  readonly exec?: { readonly command: readonly string[] };
  readonly httpGet?: { readonly path: string; readonly port: string | number };
  readonly tcpSocket?: { readonly port: string | number };
  readonly grpc?: { readonly port: number };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: {
    readonly preStop: Pick<Probe, "exec"> & { readonly sleep?: { readonly seconds: number } };
  };
  readonly resources?: Record<"requests" | "limits", Readonly<Record<string, string>>>;
  readonly securityContext?: {
    readonly runAsUser?: number;
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
    readonly subPath?: string;
  }[];
}

export interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
  readonly emptyDir?: { readonly sizeLimit?: string };
}

export interface Pod {
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: {
    readonly runAsNonRoot?: boolean;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly topologySpreadConstraints?: readonly { readonly labelSelector: Selector }[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

interface Kinds {
  readonly ConfigMap: { readonly data: Readonly<Record<string, string>> };
  readonly Deployment: {
    readonly spec: {
      readonly replicas: number;
      readonly selector: Selector;
      readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
    };
  };
  readonly Service: {
    readonly spec: {
      readonly clusterIP?: string;
      readonly selector: Labels;
      readonly ports: readonly { readonly port: number; readonly targetPort: string | number }[];
    };
  };
  readonly PodDisruptionBudget: {
    readonly spec: { readonly maxUnavailable: number; readonly selector: Selector };
  };
  readonly NetworkPolicy: {
    readonly spec: {
      readonly podSelector: Selector;
      readonly ingress: readonly {
        readonly from?: readonly { readonly podSelector?: Selector }[];
        readonly ports: readonly { readonly port: string | number }[];
      }[];
    };
  };
}

export type Kind = keyof Kinds;
export type Manifest<K extends Kind = Kind> = {
  [k in Kind]: { readonly kind: k; readonly metadata: Metadata } & Kinds[k];
}[K];

/** What `kubectl apply -f` takes at once. */
export interface Example {
  readonly folder: string;
  readonly files: readonly {
    readonly file: string;
    readonly text: string;
    readonly objects: readonly Manifest[];
  }[];
  all<K extends Kind>(kind: K): Manifest<K>[];
}

export const examples: readonly Example[] = readdirSync("kubernetes").map((name) => {
  const folder = join("kubernetes", name);
  const files = readdirSync(folder).map((name) => {
    const file = join(folder, name);
    const text = readFileSync(file, "utf8");
    return { file, text, objects: loadAll(text) as Manifest[] };
  });
  const objects = files.flatMap(({ objects }) => objects);
  return {
    folder,
    files,
    all: <K extends Kind>(kind: K) => objects.filter((object) => object.kind === kind) as Manifest<K>[],
  };
});

/** The one of that name in kubernetes/. Throws when there is none. */
export function exampleOf(name: string): Example {
  const example = examples.find(({ folder }) => folder === join("kubernetes", name));
  if (!example) throw new Error(`there is no example ${name}`);
  return example;
}

/** All of a pod, in the order in which they start. */
export const containersOf = ({ initContainers = [], containers }: Pod) => [...initContainers, ...containers];

/** The container of a pod of that name. Throws when there is none. */
export function containerOf(pod: Pod, name: string): Container {
  const container = containersOf(pod).find((container) => container.name === name);
  if (!container) throw new Error(`there is no container ${name}`);
  return container;
}

/** The pod of a Deployment of that name. Throws when there is none. */
export function podOf(example: Example, deployment: string): Pod {
  const found = example.all("Deployment").find(({ metadata }) => metadata.name === deployment);
  if (!found) throw new Error(`there is no Deployment ${deployment} in ${example.folder}`);
  return found.spec.template.spec;
}

export const selects = (wanted: Labels, labels: Labels) =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value);

/** The flags of a command line, of the forms `--name`, `--name=value` and `--name value`. */
export function flagsOf(args: readonly string[] = []): ReadonlyMap<string, string> {
  const flags = args.flatMap((arg, i): [string, string][] => {
    const [, name, value] = /^--([\w-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) return [];
    const next = args[i + 1] ?? "--";
    return [[name, value ?? (next.startsWith("--") ? "" : next)]];
  });
  return new Map(flags);
}

/** The flag of a container's command line. Throws when it is not there. */
export function flagOf(container: Container, name: string): string {
  const value = flagsOf(container.args).get(name);
  if (value === undefined) throw new Error(`${container.name} has no --${name}`);
  return value;
}

/** The containers that run `weir COMMAND`, each with its pod. */
export function runningWeir(example: Example, command: "serve" | "envoy") {
  return example
    .all("Deployment")
    .map(({ spec }) => spec.template.spec)
    .flatMap((pod) => containersOf(pod).map((container) => ({ pod, container })))
    .filter(({ container }) => container.image.startsWith("weir:") && container.args?.[0] === command);
}
