import { loadPolicy } from "../app.js";
import type { KubernetesSettings, ServicePort, Target } from "../envoy-config/targets/kubernetes.js";
import { targets } from "../envoy-config/targets/targets.js";
import { writeYaml } from "../envoy-config/yaml.js";
import { WeirError } from "../errors.js";
import type { Terminal } from "./command.js";
import { envoyFlags } from "./envoy-settings.js";

/** What a command line says of the cluster that a gateway runs in. */
export const targetFlags = {
  target: { type: "string" },
  namespace: { type: "string", default: "default" },
  gateway: { type: "string", default: "gateway" },
  service: { type: "string", default: "weir:9191" },
  listener: { type: "string", multiple: true, default: ["http"] as string[] },
  "gateway-namespace": { type: "string", default: "istio-system" },
  selector: { type: "string", multiple: true, default: ["istio=ingressgateway"] as string[] },
} as const;

interface Values {
  readonly namespace: string;
  readonly gateway: string;
  readonly service: string;
  readonly listener: readonly string[];
  readonly "gateway-namespace": string;
  readonly selector: readonly string[];
}

/** Prints the objects for a control plane. Throws USAGE, ENVOY_NO_BACKEND. */
export async function printTarget(
  name: string,
  values: Values,
  file: string,
  terminal: Terminal,
): Promise<void> {
  const own = ["part", "out", "watch", ...Object.keys(envoyFlags)];
  refuse(own, values, "is for an Envoy of your own, not for --target");
  const target = targetOf(name);
  const settings = readKubernetes(values);
  const loaded = await loadPolicy(file);
  const documents = target.make(loaded, settings).map(({ about, object }) => writeYaml(object, about));
  for (const warning of loaded.warnings) terminal.err(`warning: ${warning}\n`);
  for (const note of target.notes(loaded, settings)) terminal.err(`note: ${note}\n`);
  const head = `# Made by \`weir envoy ${file} --target ${name}\`; see there before you change it here.\n`;
  terminal.out(head + documents.join("---\n"));
}

/** Throws USAGE for flags that only mean something with --target. */
export function refuseTargetFlags(values: object): void {
  refuse(Object.keys(targetFlags), values, "takes --target beside it");
}

interface Flag {
  readonly type: string;
  readonly default?: unknown;
}

const flags: Readonly<Record<string, Flag>> = {
  ...{ ...envoyFlags, ...targetFlags },
  watch: { type: "boolean", default: false },
};

function refuse(names: readonly string[], values: object, why: string): void {
  const given = new Map(Object.entries(values));
  for (const name of names) {
    if (JSON.stringify(given.get(name)) !== JSON.stringify(flags[name]?.default))
      throw new WeirError("USAGE", `--${name} ${why}`);
  }
}

function targetOf(name: string): Target {
  if (Object.hasOwn(targets, name)) return targets[name as keyof typeof targets];
  throw new WeirError("USAGE", `--target must be one of ${Object.keys(targets).join(", ")}, not "${name}"`);
}

function readKubernetes(values: Values): KubernetesSettings {
  return {
    namespace: dnsLabel("namespace", values.namespace),
    gateway: dnsLabel("gateway", values.gateway),
    listeners: values.listener,
    weir: servicePort(values.service, values.namespace),
    pods: {
      namespace: dnsLabel("gateway-namespace", values["gateway-namespace"]),
      labels: Object.fromEntries(values.selector.map(label)),
    },
  };
}

function dnsLabel(flag: string, text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new WeirError("USAGE", `--${flag} must be a name of Kubernetes (a-z, 0-9 and -), not "${text}"`);
}

/** `weir:9191`, or `weir.its-namespace:9191`. */
function servicePort(text: string, namespace: string): ServicePort {
  const [, name, own = namespace, port] = /^([a-z0-9-]+)(?:\.([a-z0-9-]+))?:(\d{1,5})$/.exec(text) ?? [];
  if (name === undefined || !(Number(port) > 0 && Number(port) < 65_536))
    throw new WeirError("USAGE", `--service must be NAME:PORT or NAME.NAMESPACE:PORT, not "${text}"`);
  return { name, namespace: own, port: Number(port) };
}

function label(text: string): [string, string] {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new WeirError("USAGE", `--selector must be KEY=VALUE, not "${text}"`);
  return [key, value];
}
