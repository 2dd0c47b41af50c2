import { startWeir } from "../app.js";
import { WeirError } from "../errors.js";
import type { Address } from "../net/address.js";
import type { PemFiles } from "../net/pem-files.js";
import { createLogger, type LogLevel, logLevels } from "../telemetry/logger.js";
import { type Command, describeFlags, policyArgument, readAddress, readArguments } from "./command.js";

const flags = {
  grpc: {
    placeholder: "ADDRESS",
    fallback: "127.0.0.1:9191",
    about: "where Envoy asks: host:port or unix:/path",
  },
  admin: {
    placeholder: "ADDRESS",
    fallback: "127.0.0.1:9192",
    about: "where /healthz, /readyz and /metrics are",
  },
  "tls-cert": {
    placeholder: "FILE",
    fallback: "",
    about: "TLS on --grpc: the certificate (PEM), taken anew when it changes",
  },
  "tls-key": { placeholder: "FILE", fallback: "", about: "the key to it (PEM)" },
  "tls-client-ca": {
    placeholder: "FILE",
    fallback: "",
    about: "take only clients with a certificate of this authority (PEM)",
  },
  "log-level": { placeholder: "LEVEL", fallback: "info", about: logLevels.join(", ") },
  "drain-delay-ms": {
    placeholder: "MS",
    fallback: "3000",
    about: "how long it goes on as ever after SIGTERM, not ready",
  },
  "drain-ms": {
    placeholder: "MS",
    fallback: "10000",
    about: "how long calls may go on after that",
  },
};

export const serve: Command = {
  summary: "decide on the requests that Envoy asks about",
  help: `Usage: weir serve POLICY [flags]

Serves Envoy's ext_authz and ext_proc over gRPC. A changed policy file is taken over while
running; a bad one is refused and the old one stays in force.

  POLICY  the policy file (WEIR_POLICY)
${describeFlags(flags)}`,

  async run(args, terminal) {
    const { positionals, values } = readArguments(args, flags, terminal.env);
    const grpcAddress = readAddress("grpc", values.grpc);
    const tls = pemFiles(values["tls-cert"], values["tls-key"], values["tls-client-ca"], grpcAddress);
    const weir = await startWeir({
      policyFile: policyArgument(positionals, terminal.env),
      grpcAddress,
      ...(tls && { tls }),
      adminAddress: readAddress("admin", values.admin),
      drainDelayMs: milliseconds("drain-delay-ms", values["drain-delay-ms"]),
      drainMs: milliseconds("drain-ms", values["drain-ms"]),
      env: terminal.env,
      log: createLogger(logLevel(values["log-level"])),
    });
    await terminal.untilStopped();
    await weir.stop();
    return 0;
  },
};

/** Null where none is given. */
function pemFiles(cert: string, key: string, clientCa: string, grpcAddress: Address): PemFiles | null {
  if (!cert && !key && !clientCa) return null;
  if (!cert || !key)
    throw new WeirError("USAGE", "TLS needs both --tls-cert and --tls-key; --tls-client-ca comes on top");
  if (grpcAddress.kind === "unix")
    throw new WeirError(
      "USAGE",
      "--tls-cert has no effect with unix: in --grpc: who reaches a socket is up to its folder's permissions",
    );
  const file = (flag: keyof typeof flags, path: string) => ({ name: `--${flag}`, path });
  return {
    ca: clientCa ? file("tls-client-ca", clientCa) : null,
    own: { cert: file("tls-cert", cert), key: file("tls-key", key) },
  };
}

function milliseconds(flag: string, value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new WeirError("USAGE", `--${flag} must be a whole number of milliseconds, not "${value}"`);
}

function logLevel(value: string): LogLevel {
  const level = logLevels.find((known) => known === value);
  if (level) return level;
  throw new WeirError("USAGE", `--log-level must be one of ${logLevels.join(", ")}, not "${value}"`);
}
