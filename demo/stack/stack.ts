import { mkdir } from "node:fs/promises";
import { type Backend, startBackend } from "./backend.js";
import { type Envoy, startEnvoy } from "./envoy.js";
import { type Llm, startLlm } from "./llm.js";
import { startWeirProcess, type WeirProcess } from "./weir.js";

export interface StackOptions {
  readonly policyFile: string;
  readonly envoyFile: string;
  /** Where logs and generated files go. */
  readonly folder: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  readonly adminPort?: number;
}

/** Everything that docker-compose.yml describes, as processes of this machine. */
export interface Stack {
  readonly production: Backend;
  readonly sandbox: Backend;
  readonly llm: Llm;
  readonly weir: WeirProcess;
  readonly envoy: Envoy;
  stop(): Promise<void>;
}

export async function startStack({ policyFile, envoyFile, folder, ...ports }: StackOptions): Promise<Stack> {
  await mkdir(folder, { recursive: true });
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
    const production = await start(startBackend("production"));
    const sandbox = await start(startBackend("sandbox"));
    const llm = await start(startLlm());
    const weir = await start(startWeirProcess(policyFile, folder, { adminPort: ports.adminPort ?? 0 }));
    const clusterPorts = {
      weir: weir.grpcPort,
      backend_production: production.port,
      backend_sandbox: sandbox.port,
      llm: llm.port,
    };
    const envoy = await start(startEnvoy(envoyFile, clusterPorts, folder, { port: ports.port ?? 0 }));
    return { production, sandbox, llm, weir, envoy, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
