import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { Gateway } from "../../demo/gateway.js";
import { type Stack, type StackOptions, startStack } from "../../demo/stack/stack.js";

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
export async function startTestStack(
  policy: string,
  edit = (config: string) => config,
  options: Partial<StackOptions> = {},
): Promise<TestStack> {
  const folder = await mkdtemp(join(tmpdir(), "weir-e2e-"));
  const config = { kind: "printed", edit: (text: string) => edit(patient(text)) } as const;
  const stack = await startStack({ policy: withBackends(policy), folder, config, ...options });
  const gateway = new Gateway(stack.envoy.port, 50);
  const stop = async () => {
    gateway.close();
    await stack.stop();
    await rm(folder, { recursive: true });
  };
  return { ...stack, gateway, folder, stop };
}

export function patient(config: string): string {
  const edited = config.replace("timeout: 0.25s\n", "timeout: 10s\n");
  assert.notEqual(edited, config);
  return edited;
}

type Backends = Partial<Record<"production" | "sandbox", { url?: string }>>;

/** A policy with the stack's backends where it names none: the model server for AI APIs. */
export function withBackends(text: string): string {
  const policy = load(text) as {
    gateway?: { backends?: Backends };
    apis?: { ai?: object; backends?: Backends }[];
  };
  policy.gateway = {
    backends: {
      production: { url: "http://backend-production:8080" },
      sandbox: { url: "http://backend-sandbox:8080" },
    },
    ...policy.gateway,
  };
  for (const api of policy.apis ?? []) {
    if (!api.ai) continue;
    api.backends ??= { production: {}, sandbox: {} };
    for (const backend of Object.values(api.backends)) backend.url ??= "http://llm:8080";
  }
  return dump(policy, { lineWidth: -1 });
}
