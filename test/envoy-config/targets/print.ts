import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load, loadAll } from "js-yaml";
import { parsePolicy } from "../../../src/config/load.js";
import type { KubernetesSettings } from "../../../src/envoy-config/targets/kubernetes.js";
import { targets } from "../../../src/envoy-config/targets/targets.js";
import { writeYaml } from "../../../src/envoy-config/yaml.js";
import { type Ran, runCommand } from "../../cli/terminal.js";
import type { KubernetesObject } from "./crd.js";

/** What `weir envoy POLICY --target …` says to a policy. */
export async function runTarget(policy: string, ...flags: string[]): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), "weir-target-"));
  const file = join(folder, "policy.yaml");
  await writeFile(file, policy);
  try {
    return await runCommand(["envoy", file, ...flags]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The objects that it prints. */
export async function printObjects(policy: string, ...flags: string[]): Promise<KubernetesObject[]> {
  const { code, out, err } = await runTarget(policy, ...flags);
  assert.equal(code, 0, err);
  return loadAll(out) as KubernetesObject[];
}

const settings: KubernetesSettings = {
  namespace: "default",
  gateway: "gateway",
  listeners: ["http"],
  weir: { name: "weir", namespace: "default", port: 9191 },
  pods: { namespace: "istio-system", labels: { istio: "ingressgateway" } },
};

/** The same objects, without a command line. */
export function objectsOf(policy: string, target: keyof typeof targets): KubernetesObject[] {
  const manifests = targets[target].make(parsePolicy(policy, "policy"), settings);
  return manifests.map(({ object }) => load(writeYaml(object, "")) as KubernetesObject);
}

/** The only one of a kind. */
export function only(objects: readonly KubernetesObject[], kind: string): KubernetesObject {
  const [found, ...others] = objects.filter((object) => object.kind === kind);
  assert.ok(found && others.length === 0, `${others.length + (found ? 1 : 0)} objects are a ${kind}`);
  return found;
}
