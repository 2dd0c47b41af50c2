import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { AdminServer } from "./admin/server.js";
import { createClock } from "./clock.js";
import { followPolicy, type PolicyFollower } from "./config/follow.js";
import { type LoadedPolicy, parsePolicy } from "./config/load.js";
import { redisSettings } from "./config/store-settings.js";
import type { Gate } from "./decision/gate.js";
import { createAccessLog } from "./envoy/access-log.js";
import { createAuthorization } from "./envoy/authorization.js";
import { createProcessor } from "./envoy/processor.js";
import { EnvoyServer } from "./envoy/server.js";
import { TlsCredentials } from "./envoy/tls-credentials.js";
import { WeirError } from "./errors.js";
import { LearnedEstimates } from "./inference/estimate.js";
import { type Address, formatAddress } from "./net/address.js";
import type { PemFiles } from "./net/pem-files.js";
import { openStore } from "./open-store.js";
import type { EpochMs } from "./policy/window.js";
import type { Logger } from "./telemetry/logger.js";
import { Metrics } from "./telemetry/metrics.js";

export interface WeirOptions {
  /** Path of the policy file. */
  readonly policyFile: string;
  /** For Envoy. */
  readonly grpcAddress: Address;
  /** What {@link grpcAddress} is served with; without it in clear. */
  readonly tls?: PemFiles;
  /** For operators. */
  readonly adminAddress: Address;
  /** How long weir goes on as ever once it is told to stop, while health checks learn of it. */
  readonly drainDelayMs: number;
  /** How long calls may go on after that. */
  readonly drainMs: number;
  /** Where secrets may be. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  /** The clock that it goes by, if not the system's. */
  readonly now?: () => EpochMs;
}

/** A weir that serves. */
export interface Weir {
  /** With the port that it got, where a free one was asked for. */
  readonly grpcAddress: Address;
  readonly adminAddress: Address;
  stop(): Promise<void>;
}

const DEFAULT_MAX_COUNTERS = 1_000_000;
const SWEEP_INTERVAL_MS = 10_000;

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

  const credentials = options.tls && (await TlsCredentials.open(options.tls, log));

  const { store: entry } = loaded.file;
  const now = options.now ?? createClock();
  const counters = await openStore({
    redis: entry?.kind === "redis" ? redisSettings(entry) : null,
    maxCounters: entry?.maxCounters ?? DEFAULT_MAX_COUNTERS,
    ...{ env: options.env, now, log },
  });
  const gate: Gate = { policy: loaded.policy, store: counters.store, now };
  const metrics = new Metrics(counters.statistics);
  let stopping = false;

  const grpc = new EnvoyServer({
    authorization: createAuthorization(gate, metrics, log),
    processor: createProcessor({ gate, experience: new LearnedEstimates(), metrics, log }),
    accessLog: createAccessLog(gate, metrics, log),
  });
  const admin = new AdminServer({
    metrics: metrics.registry,
    notReady: () => (stopping ? "stopping" : null),
  });

  const closing: (() => void | Promise<void>)[] = [
    () => counters.close(),
    () => admin.stop(),
    () => credentials?.stop(),
    () => grpc.stop(options.drainMs),
  ];
  const closeAll = async () => {
    stopping = true;
    grpc.announceStop();
    log.info({ afterMs: options.drainDelayMs }, "weir stops");
    await sleep(options.drainDelayMs);
    for (const close of closing.toReversed()) await close();
  };
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= closeAll();
    return stopped;
  };

  try {
    const grpcAddress = await grpc.listen(options.grpcAddress, credentials);
    const adminAddress = await admin.listen(options.adminAddress);
    closing.push(followPolicy(policyFile, loaded.text, takeOver(gate, metrics, log, entry)));
    const sweeping = setInterval(() => counters.sweep(now()), SWEEP_INTERVAL_MS);
    closing.push(() => clearInterval(sweeping));
    const addresses = { grpc: formatAddress(grpcAddress), admin: formatAddress(adminAddress) };
    log.info({ ...addresses, policy: policyFile }, "weir serves");
    return { grpcAddress, adminAddress, stop };
  } catch (error) {
    for (const close of closing.toReversed()) await close();
    throw error;
  }
}

/** A good policy takes over for the requests to come; a bad one changes nothing. The store stays what it is. */
function takeOver(
  gate: Gate,
  metrics: Metrics,
  log: Logger,
  store: LoadedPolicy["file"]["store"],
): PolicyFollower {
  return {
    taken({ policy, file, warnings }) {
      gate.policy = policy;
      metrics.reloaded("taken");
      for (const warning of warnings) log.warn(warning);
      if (!isDeepStrictEqual(file.store, store)) log.warn("store: changed; it is taken at the next start");
      log.info("the changed policy is in force");
    },
    refused(refusal) {
      metrics.reloaded("refused");
      log.error(refusal, "the changed policy is refused; the old one stays in force");
    },
  };
}
