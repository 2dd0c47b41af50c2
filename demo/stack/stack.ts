import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Backend, startBackend } from "./backend.js";
import { type Envoy, startEnvoy } from "./envoy.js";
import { type EnvoyPorts, printConfig, startConfigWriter } from "./envoy-config.js";
import { type Llm, startLlm } from "./llm.js";
import { startRedis } from "./redis.js";
import { localize, type ServicePorts } from "./services.js";
import { startWeirProcess, type WeirProcess } from "./weir.js";

export interface StackOptions extends EnvoyPorts {
  /** The policy file's text. Its URLs name the services of docker-compose.yml. */
  readonly policy: string;
  /** Where logs and generated files go. */
  readonly folder: string;
  /** How Envoy comes to its configuration. */
  readonly config: /** As `weir envoy` prints it for the policy as it is here, with these changes. */
    | { readonly kind: "printed"; edit(config: string, policy: string): string | Promise<string> }
    /** As `weir envoy --watch` writes it, so that it follows the policy. */
    | { readonly kind: "followed" };
  /** How many weirs there are; 1 by default. */
  readonly nodes?: number;
  /** Whether there is a Redis, which the policy's store is then in; otherwise counters are in memory. */
  readonly redis?: boolean;
  /** Of the first weir. */
  readonly weirAdminPort?: number;
  /** For each weir, besides its addresses. */
  readonly weirFlags?: readonly string[];
}

/** Everything that docker-compose.yml describes, as processes of this machine. */
export interface Stack {
  readonly production: Backend;
  readonly sandbox: Backend;
  readonly llm: Llm;
  /** The first of {@link Stack.weirs}. */
  readonly weir: WeirProcess;
  readonly weirs: readonly WeirProcess[];
  readonly envoy: Envoy;
  /** The sum of a metric over all weirs. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Takes another policy, whose URLs name the same services. */
  setPolicy(policy: string): Promise<void>;
  /**
   * Waits until everything that the model server has spent is charged. Metering runs beside the response and
   * delays nothing, so the charge comes some milliseconds after the client has its answer.
   */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const SETTLE_TIMEOUT_MS = 5000;

export async function startStack(options: StackOptions): Promise<Stack> {
  const {
    policy,
    folder,
    config,
    nodes = 1,
    redis = false,
    weirAdminPort = 0,
    weirFlags = [],
    ...envoyPorts
  } = options;
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
    const ports: ServicePorts = {
      ...{ production: production.port, sandbox: sandbox.port, llm: llm.port },
      redis: redis ? (await start(startRedis())).port : null,
    };
    const policyFile = join(folder, "policy.yaml");
    const setPolicy = async (text: string) => {
      await writeFile(`${policyFile}.new`, localize(text, ports));
      await rename(`${policyFile}.new`, policyFile);
    };
    await setPolicy(policy);
    const weirs: WeirProcess[] = [];
    for (let i = 0; i < nodes; i++) {
      const own = i === 0 ? folder : join(folder, `weir-${i + 1}`);
      await mkdir(own, { recursive: true });
      weirs.push(
        await start(
          startWeirProcess(policyFile, own, { adminPort: i === 0 ? weirAdminPort : 0, moreFlags: weirFlags }),
        ),
      );
    }
    const [weir] = weirs;
    if (!weir) throw new RangeError("a stack has at least one weir");
    const grpcPorts = weirs.map(({ grpcPort }) => grpcPort);
    const configFile =
      config.kind === "printed"
        ? await printConfig(policyFile, folder, grpcPorts, envoyPorts, config.edit)
        : (await start(startConfigWriter(policyFile, folder, grpcPorts, envoyPorts))).file;
    const envoy = await start(startEnvoy(configFile, folder));
    const metric: Stack["metric"] = async (...of) => {
      const figures = await Promise.all(weirs.map((node) => node.metric(...of)));
      return figures.reduce((sum, figure) => sum + figure, 0);
    };
    const settled = async () => {
      const deadline = Date.now() + SETTLE_TIMEOUT_MS;
      const spent = () => llm.spent.prompt + llm.spent.completion;
      while ((await metric("weir_tokens_total")) < spent()) {
        if (Date.now() > deadline) throw new Error(`of ${spent()} tokens spent, not all were charged`);
        await sleep(10);
      }
    };
    return { production, sandbox, llm, weir, weirs, envoy, metric, setPolicy, settled, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
