import { readFile } from "node:fs/promises";
import type { Server as HttpServer } from "node:http";
import { createAdminServer } from "./admin/server.js";
import { type LoadedPolicy, parsePolicy } from "./config/load.js";
import { watchFile } from "./config/watch.js";
import { MemoryStore } from "./counters/memory.js";
import type { Gate } from "./decision/gate.js";
import { createAuthorization } from "./envoy/authorization.js";
import { createProcessor } from "./envoy/processor.js";
import { EnvoyServer } from "./envoy/server.js";
import { WeirError } from "./errors.js";
import type { Logger } from "./telemetry/logger.js";
import { Metrics } from "./telemetry/metrics.js";

export interface WeirOptions {
  /** Path of the policy file. */
  readonly policyFile: string;
  /** `host:port` or `unix:/path`, for Envoy. */
  readonly grpcAddress: string;
  /** `host:port` or `unix:/path`, for operators. */
  readonly adminAddress: string;
  /** How long calls may go on once weir is told to stop. */
  readonly drainMs: number;
  readonly log: Logger;
}

/** A weir that serves. */
export interface Weir {
  readonly grpcAddress: string;
  readonly adminAddress: string;
  stop(): Promise<void>;
}

const DEFAULT_MAX_COUNTERS = 1_000_000;
const SWEEP_INTERVAL_MS = 10_000;
const WATCH = { pollMs: 2_000, settleMs: 50 };

/** Reads and checks a policy file. Throws POLICY_UNREADABLE or POLICY_INVALID. */
export async function loadPolicy(file: string): Promise<LoadedPolicy & { readonly text: string }> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new WeirError("POLICY_UNREADABLE", `cannot read the policy ${file}: ${error.message}`, {
      cause: error,
    });
  });
  return { text, ...parsePolicy(text, file) };
}

/** Puts everything together and serves until {@link Weir.stop}. */
export async function startWeir(options: WeirOptions): Promise<Weir> {
  const { policyFile, log } = options;
  const loaded = await loadPolicy(policyFile);
  for (const warning of loaded.warnings) log.warn(warning);

  const store = new MemoryStore({ maxCounters: loaded.file.store?.maxCounters ?? DEFAULT_MAX_COUNTERS });
  const gate: Gate = { policy: loaded.policy, store, now: Date.now };
  const metrics = new Metrics(store);
  let stopping = false;

  const grpc = new EnvoyServer({
    authorization: createAuthorization(gate, metrics, log),
    processor: createProcessor(gate, metrics, log),
  });
  const admin = createAdminServer({
    metrics: metrics.registry,
    notReady: () => (stopping ? "stopping" : null),
  });

  const grpcAddress = await grpc.listen(options.grpcAddress);
  const adminAddress = await listenHttp(admin, options.adminAddress);
  const stopWatching = watchFile(
    policyFile,
    loaded.text,
    (text) => reload(text, options, gate, metrics),
    WATCH,
  );
  const sweeping = setInterval(() => store.sweep(gate.now()), SWEEP_INTERVAL_MS);
  log.info({ grpc: grpcAddress, admin: adminAddress, policy: policyFile }, "weir serves");

  const stop = async () => {
    stopping = true;
    log.info("weir stops");
    stopWatching();
    clearInterval(sweeping);
    await grpc.stop(options.drainMs);
    admin.closeAllConnections();
    await new Promise((resolve) => admin.close(resolve));
  };
  return { grpcAddress, adminAddress, stop };
}

/** A good policy takes over for the requests to come; a bad one changes nothing. */
function reload(text: string, { policyFile, log }: WeirOptions, gate: Gate, metrics: Metrics): void {
  try {
    const { policy, warnings } = parsePolicy(text, policyFile);
    gate.policy = policy;
    metrics.reloaded("taken");
    for (const warning of warnings) log.warn(warning);
    log.info("the changed policy is in force");
  } catch (error) {
    metrics.reloaded("refused");
    log.error(
      { reason: (error as Error).message },
      "the changed policy is refused; the old one stays in force",
    );
  }
}

async function listenHttp(server: HttpServer, address: string): Promise<string> {
  const [, host = "", port = ""] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  const where = address.startsWith("unix:") ? { path: address.slice(5) } : { host, port: Number(port) };
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      reject(
        new WeirError("LISTEN_FAILED", `cannot listen on ${address}: ${error.message}`, { cause: error }),
      );
    });
    server.listen(where, resolve);
  });
  const bound = server.address();
  return typeof bound === "object" && bound ? address.replace(/:\d+$/, `:${bound.port}`) : address;
}
