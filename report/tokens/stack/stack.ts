import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Envoy, startEnvoy } from "../../../demo/stack/envoy.js";
import { printConfig } from "../../../demo/stack/envoy-config.js";
import { type Llm, startLlm } from "../../../demo/stack/llm.js";
import { startWeirProcess, type WeirProcess } from "../../../demo/stack/weir.js";

/** One model server and one weir, behind as many Envoys as there are configurations to compare. */
export interface Stack<Name extends string> {
  readonly llm: Llm;
  readonly weir: WeirProcess;
  readonly envoys: Readonly<Record<Name, Envoy>>;
  stop(): Promise<void>;
}

/**
 * @param policy as in the policy file (JSON is YAML)
 * @param edits what to change in the generated configuration of each Envoy, by name
 * @param parentFolder where a folder for logs and generated files is made
 */
export async function startStack<Name extends string>(
  policy: { readonly version: number; readonly gateway?: object; readonly apis: readonly object[] },
  edits: Readonly<Record<Name, (yaml: string) => string>>,
  parentFolder: string,
): Promise<Stack<Name>> {
  const folder = await mkdtemp(join(parentFolder, "stack-"));
  const policyFile = join(folder, "policy.yaml");
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  const start = async <T extends { stop(): Promise<void> }>(part: Promise<T>): Promise<T> => {
    const running = await part;
    started.push(running);
    return running;
  };
  try {
    const llm = await start(startLlm());
    const backends = { production: { url: `http://127.0.0.1:${llm.port}` } };
    await writeFile(policyFile, JSON.stringify({ ...policy, gateway: { ...policy.gateway, backends } }));
    // As in service: a line in the ledger for each answer, and none for each decision.
    const weir = await start(startWeirProcess(policyFile, folder, { logLevel: "info" }));
    const startOne = async (name: Name): Promise<[Name, Envoy]> => {
      const envoyFolder = join(folder, name);
      await mkdir(envoyFolder);
      const configFile = await printConfig(policyFile, envoyFolder, [weir.grpcPort], {}, edits[name]);
      return [name, await start(startEnvoy(configFile, envoyFolder))];
    };
    const envoys: [Name, Envoy][] = [];
    for (const name of Object.keys(edits) as Name[]) envoys.push(await startOne(name));
    return { llm, weir, envoys: Object.fromEntries(envoys) as Record<Name, Envoy>, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
