import { posix } from "node:path";
import { type Config, typed } from "./config.js";
import type { EnvoySettings, KeyPair } from "./settings.js";
import { isAddress } from "./upstream.js";

/** Named as the flag that says where its file is. */
export type SecretName = "tls-cert" | "tls-client-ca" | "weir-ca" | "weir-cert";

/** How Envoy comes to certificates: fields of envoy.extensions.transport_sockets.tls.v3.CommonTlsContext. */
export interface Secrets {
  /** What Envoy shows of itself. */
  showing(name: SecretName, pair: KeyPair): Config;
  /** Who vouches for the other side, and what else has to be true of its certificate. */
  trusting(name: SecretName, caFile: string, conditions: Config): Config;
}

/** Files named in place, which Envoy reads once. */
export const readOnce: Secrets = {
  showing: (_, pair) => ({ tls_certificates: [certificate(pair)] }),
  trusting: (_, caFile, conditions) => ({ validation_context: { ...authority(caFile), ...conditions } }),
};

/** Files named by {@link secretsOf} in `folder`, which Envoy reads again when they are replaced. */
export function followedFrom(folder: string): Secrets {
  const secret = (name: SecretName): Config => ({
    name,
    sds_config: {
      resource_api_version: "V3",
      path_config_source: { path: posix.join(folder, secretFile(name)) },
    },
  });
  return {
    showing: (name) => ({ tls_certificate_sds_secret_configs: [secret(name)] }),
    trusting: (name, _, conditions) => ({
      combined_validation_context: {
        default_validation_context: conditions,
        validation_context_sds_secret_config: secret(name),
      },
    }),
  };
}

/** The file of a secret. Each has its own: where a file has several, Envoy takes none. */
export function secretFile(name: string): string {
  return `secret-${name}.yaml`;
}

/** A resource with the name that others know it by. */
export interface Secret extends Config {
  readonly name: SecretName;
}

/**
 * envoy.extensions.transport_sockets.tls.v3.Secret, as many as the settings name. None says `watched_directory`: without
 * it Envoy watches the folder of each file, and a key may be in another one than its certificate.
 */
export function secretsOf({ listenerTls, weirTls }: EnvoySettings): Secret[] {
  return [
    ...shown("tls-cert", listenerTls),
    ...trusted("tls-client-ca", listenerTls?.clientCaFile),
    ...trusted("weir-ca", weirTls?.caFile),
    ...shown("weir-cert", weirTls?.client),
  ];
}

function shown(name: SecretName, pair: KeyPair | null | undefined): Secret[] {
  if (!pair) return [];
  const { certFile, keyFile } = pair;
  const tls_certificate = certificate({ certFile: inFolder(certFile), keyFile: inFolder(keyFile) });
  return [{ ...typed(SECRET), name, tls_certificate }];
}

function trusted(name: SecretName, caFile: string | null | undefined): Secret[] {
  if (caFile === null || caFile === undefined) return [];
  return [{ ...typed(SECRET), name, validation_context: authority(inFolder(caFile)) }];
}

const SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret";

/** Of a file without a folder, Envoy finds none to watch. */
function inFolder(file: string): string {
  return file.includes("/") ? file : `./${file}`;
}

/** envoy.extensions.transport_sockets.tls.v3.TlsCertificate. */
function certificate({ certFile, keyFile }: KeyPair): Config {
  return { certificate_chain: { filename: certFile }, private_key: { filename: keyFile } };
}

/** envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext: signed by one of `caFile`. */
export function authority(caFile: string): Config {
  return { trusted_ca: { filename: caFile } };
}

/** As above: made out to the name. */
export function madeOutTo(serverName: string): Config {
  const san_type = isAddress(serverName) ? "IP_ADDRESS" : "DNS";
  return { match_typed_subject_alt_names: [{ san_type, matcher: { exact: serverName } }] };
}
