import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import type { Envoy } from "../../demo/stack/envoy.js";
import type { Certificate } from "../support/certificates.js";

interface Config {
  node?: { id: string; cluster: string };
  static_resources: {
    clusters: {
      name: string;
      transport_socket?: object;
      typed_extension_protocol_options?: Record<string, { common_http_protocol_options?: object }>;
    }[];
  };
}

/** How Envoy speaks to weir. */
export interface UpstreamTls {
  /** Whose signature weir's certificate must have. */
  readonly caFile: string;
  /** The file with the secret `client`, if it shows a certificate. Envoy takes another one when it is replaced. */
  readonly secretFile?: string;
  /** After how many requests Envoy opens another connection; never without it. */
  readonly requestsPerConnection?: number;
}

/** Envoy's configuration with TLS in the clusters of weir, and all else as it was. */
export function withTlsToWeir(text: string, tls: UpstreamTls): string {
  const config = load(text) as Config;
  // Without a name, Envoy takes no secrets from files.
  config.node = { id: "gateway", cluster: "gateway" };
  const weirs = config.static_resources.clusters.filter(({ name }) => name.startsWith("weir"));
  if (weirs.length !== 2) throw new Error(`${weirs.length} clusters of weir, not 2`);
  for (const cluster of weirs) {
    cluster.transport_socket = transportSocket(tls);
    const { requestsPerConnection } = tls;
    if (requestsPerConnection === undefined) continue;
    for (const options of Object.values(cluster.typed_extension_protocol_options ?? {}))
      options.common_http_protocol_options = { max_requests_per_connection: requestsPerConnection };
  }
  return dump(config, { lineWidth: -1, noRefs: true });
}

function transportSocket({ caFile, secretFile }: UpstreamTls): object {
  const san = { san_type: "DNS", matcher: { exact: "localhost" } };
  const sds = { path_config_source: { path: secretFile }, resource_api_version: "V3" };
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      sni: "localhost",
      common_tls_context: {
        // Envoy's health checks name no protocol by themselves, and weir speaks none but this.
        alpn_protocols: ["h2"],
        validation_context: { trusted_ca: { filename: caFile }, match_typed_subject_alt_names: [san] },
        ...(secretFile && { tls_certificate_sds_secret_configs: [{ name: "client", sds_config: sds }] }),
      },
    },
  };
}

/** Puts the certificate there that Envoy is to show, as a whole. Returns the file. */
export async function putSecret(folder: string, { certFile, keyFile }: Certificate): Promise<string> {
  const secret = {
    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
    name: "client",
    tls_certificate: { certificate_chain: { filename: certFile }, private_key: { filename: keyFile } },
  };
  const file = join(folder, "client-secret.yaml");
  await writeFile(`${file}.new`, dump({ resources: [secret] }));
  await rename(`${file}.new`, file);
  return file;
}

/** A counter or gauge of an Envoy; 0 while there is none. */
export async function envoyStat({ adminPort }: Envoy, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats`)).text();
  const line = text.split("\n").find((line) => line.startsWith(`${name}: `)) ?? "";
  return Number(line.slice(name.length + 2));
}
