import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type ConnectionOptions, connect } from "node:tls";
import { type ChannelCredentials, Client, credentials, status } from "@grpc/grpc-js";
import { startWeir } from "../../src/app.js";
import { CheckRequest, CheckResponse } from "../../src/envoy/wire/authz.js";
import { authorizationService } from "../../src/envoy/wire/services.js";
import { createLogger } from "../../src/telemetry/logger.js";
import type { Certificate, Certificates } from "../support/certificates.js";
import { checkOf, eventually } from "../support/weir.js";

const POLICY = "test/config/fixtures/example.yaml";
const LOOPBACK = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;

/** A weir that serves TLS from files of its own, which a test may change. */
export async function startTlsServer(
  t: TestContext,
  { caFile, server }: Certificates,
  { clientCertificates = false } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), "weir-tls-"));
  t.after(() => rm(folder, { recursive: true }));
  const [ca, cert, key] = [join(folder, "ca.crt"), join(folder, "tls.crt"), join(folder, "tls.key")];
  /** Puts a copy there as a whole. */
  const put = async (from: string, to: string) => {
    await copyFile(from, `${to}.new`);
    await rename(`${to}.new`, to);
  };
  await put(caFile, ca);
  await put(server.certFile, cert);
  await put(server.keyFile, key);
  const lines: string[] = [];
  const weir = await startWeir({
    policyFile: POLICY,
    grpcAddress: LOOPBACK,
    adminAddress: LOOPBACK,
    tls: {
      ca: clientCertificates ? { name: "--tls-client-ca", path: ca } : null,
      own: { cert: { name: "--tls-cert", path: cert }, key: { name: "--tls-key", path: key } },
    },
    drainDelayMs: 0,
    drainMs: 200,
    env: {},
    log: createLogger("info", { write: (line) => lines.push(line) }),
  });
  t.after(() => weir.stop());
  const port = weir.grpcAddress.kind === "tcp" ? weir.grpcAddress.port : assert.fail();
  const logged = (pattern: RegExp) =>
    eventually(`${pattern}, not ${lines.join("")}`, () => lines.some((line) => pattern.test(line)));
  const refusals = () => lines.filter((line) => line.includes("TLS files are refused")).length;
  return { port, folder, ca, cert, key, put, logged, refusals, stop: () => weir.stop() };
}

/** What a server shows to a new connection: in TLS 1.3 also to one that it refuses then. Rejects if there is none. */
export async function shownAt(port: number, options: ConnectionOptions = {}) {
  const socket = connect({ port, ALPNProtocols: ["h2"], rejectUnauthorized: false, ...options });
  try {
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    return { fingerprint256, version: socket.getProtocol(), protocol: socket.alpnProtocol };
  } finally {
    socket.destroy();
  }
}

/** Whether new connections are shown this certificate. */
export async function isShown(port: number, { certFile }: Certificate): Promise<boolean> {
  const { fingerprint256 } = new X509Certificate(await readFile(certFile));
  return (await shownAt(port)).fingerprint256 === fingerprint256;
}

/** A client with a connection of its own, which trusts the authority and shows a certificate if it has one. */
export async function tlsClient(
  t: TestContext,
  port: number,
  { caFile }: Certificates,
  certificate?: Certificate,
): Promise<Client> {
  const read = async (path?: string) => (path === undefined ? null : readFile(path));
  const [ca, key, cert] = [
    await read(caFile),
    await read(certificate?.keyFile),
    await read(certificate?.certFile),
  ];
  return clientWith(t, port, credentials.createSsl(ca, key, cert));
}

export function clientWith(t: TestContext, port: number, credentials: ChannelCredentials): Client {
  const client = new Client(`localhost:${port}`, credentials, { "grpc.use_local_subchannel_pool": 1 });
  t.after(() => client.close());
  return client;
}

/** The status of a check; OK whatever weir has decided. */
export function checkStatus(client: Client): Promise<status> {
  return new Promise((resolve) => {
    const answered = (error: { code: status } | null) => resolve(error?.code ?? status.OK);
    const bytes = CheckRequest.encode(checkOf("/orders/v1/items"));
    const options = { deadline: Date.now() + 5000 };
    const { path } = authorizationService.check;
    client.makeUnaryRequest(path, (raw: Buffer) => raw, CheckResponse.decode, bytes, options, answered);
  });
}
