import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gateway } from "../../demo/gateway.js";
import { type Stack, startStack } from "../../demo/stack/stack.js";

export interface TestStack extends Stack {
  readonly gateway: Gateway;
  readonly folder: string;
}

/**
 * The demo's stack with a policy of the test's own, on free ports, and a client with 50 connections. Envoy waits
 * longer for weir than it should in service: suites share the machine, and none is about time.
 *
 * @param edit what to change in Envoy's configuration
 */
export async function startTestStack(policy: string, edit = (config: string) => config): Promise<TestStack> {
  const folder = await mkdtemp(join(tmpdir(), "weir-e2e-"));
  const policyFile = join(folder, "policy.yaml");
  await writeFile(policyFile, policy);
  const config = await readFile("envoy/envoy.yaml", "utf8");
  const patient = config.replace("timeout: 0.25s\n", "timeout: 10s\n");
  assert.notEqual(patient, config);
  const envoyFile = join(folder, "edited-envoy.yaml");
  await writeFile(envoyFile, edit(patient));
  const stack = await startStack({ policyFile, envoyFile, folder });
  const gateway = new Gateway(stack.envoy.port, 50);
  const stop = async () => {
    gateway.close();
    await stack.stop();
    await rm(folder, { recursive: true });
  };
  return { ...stack, gateway, folder, stop };
}
