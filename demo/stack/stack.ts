import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
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
  /**
   * Waits until everything that the model server has spent is charged. Metering runs beside the response and
   * delays nothing, so the charge comes some milliseconds after the client has its answer.
   */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const SETTLE_TIMEOUT_MS = 5000;

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
      weir_ai: weir.grpcPort,
      backend_production: production.port,
      backend_sandbox: sandbox.port,
      llm: llm.port,
    };
    const envoy = await start(startEnvoy(envoyFile, clusterPorts, folder, { port: ports.port ?? 0 }));
    const settled = async () => {
      const deadline = Date.now() + SETTLE_TIMEOUT_MS;
      const spent = () => llm.spent.prompt + llm.spent.completion;
      while ((await weir.metric("weir_tokens_total")) < spent()) {
        if (Date.now() > deadline) throw new Error(`of ${spent()} tokens spent, not all were charged`);
        await sleep(10);
      }
    };
    return { production, sandbox, llm, weir, envoy, settled, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
