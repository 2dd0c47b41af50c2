import {
  type EnvoySettings,
  type ListenerTls,
  SYSTEM_CA_FILE,
  type TcpAddress,
  type WeirTls,
} from "../envoy-config/settings.js";
import { WeirError } from "../errors.js";
import type { Address } from "../net/address.js";
import { readAddress } from "./command.js";

/** What a command line says of Envoy's surroundings. */
export const envoyFlags = {
  listen: { type: "string", default: "0.0.0.0:10000" },
  admin: { type: "string", default: "127.0.0.1:9901" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  "tls-client-ca": { type: "string" },
  weir: { type: "string", multiple: true, default: ["127.0.0.1:9191"] as string[] },
  "weir-ca": { type: "string" },
  "weir-cert": { type: "string" },
  "weir-key": { type: "string" },
  "weir-name": { type: "string" },
  "backend-ca": { type: "string", default: SYSTEM_CA_FILE },
} as const;

type Values = { readonly [K in Exclude<keyof typeof envoyFlags, "weir">]?: string | undefined } & {
  readonly weir: readonly string[];
};

/** Throws USAGE. */
export function readSettings(values: Values): EnvoySettings {
  const weir = values.weir.map((text) => readAddress("weir", text));
  if (new Set(weir.map(({ kind }) => kind)).size > 1)
    throw new WeirError("USAGE", "--weir: all nodes have to be at host:port, or all at unix:/path");
  return {
    listen: tcp("listen", values.listen),
    admin: tcp("admin", values.admin),
    listenerTls: listenerTls(values),
    weir,
    weirTls: weirTls(values, weir),
    backendCaFile: values["backend-ca"] ?? SYSTEM_CA_FILE,
  };
}

function listenerTls(values: Values): ListenerTls | null {
  const files = pair(values, "tls-cert", "tls-key");
  const clientCaFile = values["tls-client-ca"] ?? null;
  if (!files && clientCaFile !== null)
    throw new WeirError("USAGE", "--tls-client-ca takes --tls-cert and --tls-key beside it");
  return files && { ...files, clientCaFile };
}

function weirTls(values: Values, weir: readonly Address[]): WeirTls | null {
  const client = pair(values, "weir-cert", "weir-key");
  const caFile = values["weir-ca"];
  const name = values["weir-name"];
  if (caFile === undefined) {
    if (!client && name === undefined) return null;
    throw new WeirError("USAGE", "--weir-cert, --weir-key and --weir-name take --weir-ca beside them");
  }
  const hosts = new Set(weir.flatMap((address) => (address.kind === "tcp" ? [address.host] : [])));
  if (name === undefined && hosts.size > 1)
    throw new WeirError(
      "USAGE",
      "--weir-ca: weirs on several hosts take --weir-name, a name that is in the certificate of each",
    );
  const serverName = name ?? [...hosts][0];
  if (serverName === undefined)
    throw new WeirError("USAGE", "--weir-ca: a Unix socket needs no TLS; with it, --weir-name too");
  return { caFile, client, serverName };
}

function pair(values: Values, cert: "tls-cert" | "weir-cert", key: "tls-key" | "weir-key") {
  const { [cert]: certFile, [key]: keyFile } = values;
  if (certFile === undefined && keyFile === undefined) return null;
  if (certFile === undefined || keyFile === undefined)
    throw new WeirError("USAGE", `--${cert} and --${key} go together`);
  return { certFile, keyFile };
}

function tcp(flag: string, text = ""): TcpAddress {
  const parsed = readAddress(flag, text);
  if (parsed.kind === "tcp") return parsed;
  throw new WeirError("USAGE", `--${flag} must be host:port, not "${text}"`);
}
