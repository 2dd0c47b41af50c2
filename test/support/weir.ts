import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { startWeir, type Weir } from "../../src/app.js";
import { CheckRequest, CheckResponse } from "../../src/envoy/wire/authz.js";
import { ProcessingRequest } from "../../src/envoy/wire/ext-proc-request.js";
import { ProcessingResponse } from "../../src/envoy/wire/ext-proc-response.js";
import { authorizationService, externalProcessorService } from "../../src/envoy/wire/services.js";
import { type Address, formatAddress } from "../../src/net/address.js";
import { createLogger } from "../../src/telemetry/logger.js";

export type CheckInit = Parameters<typeof CheckRequest.encode>[0];
export type ProcessInit = Parameters<typeof ProcessingRequest.encode>[0];

export interface TestWeir {
  readonly weir: Weir;
  readonly policyFile: string;
  readonly client: Client;
  /** Everything logged so far. */
  log(): string;
  /** The lines of weir's own metrics. */
  metrics(): Promise<string>;
  check(request: CheckInit): Promise<CheckResponse>;
  /** The bytes given as a CheckRequest, whatever they are. */
  checkBytes(bytes: Buffer): Promise<CheckResponse>;
  process(): ReturnType<typeof openProcess>;
  stop(): Promise<void>;
}

const LOOPBACK: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };

/** A weir in this process, on free ports of loopback, with a policy file of its own. */
export async function startTestWeir(policy: string): Promise<TestWeir> {
  const folder = await mkdtemp(join(tmpdir(), "weir-"));
  const policyFile = join(folder, "policy.yaml");
  await writeFile(policyFile, policy);
  let log = "";
  const write = (line: string) => {
    log += line;
  };
  const weir = await startWeir({
    policyFile,
    grpcAddress: LOOPBACK,
    adminAddress: LOOPBACK,
    drainDelayMs: 0,
    drainMs: 200,
    env: {},
    log: createLogger("debug", { write }),
  });
  const client = new Client(formatAddress(weir.grpcAddress), credentials.createInsecure());
  const checkBytes = (bytes: Buffer) =>
    new Promise<CheckResponse>((resolve, reject) => {
      const answered = (error: ServiceError | null, reply?: CheckResponse) =>
        error || !reply ? reject(error) : resolve(reply);
      const { path } = authorizationService.check;
      client.makeUnaryRequest(path, (raw: Buffer) => raw, CheckResponse.decode, bytes, answered);
    });
  return {
    weir,
    policyFile,
    client,
    log: () => log,
    async metrics() {
      const text = await (await fetch(`http://${formatAddress(weir.adminAddress)}/metrics`)).text();
      return text
        .split("\n")
        .filter((line) => line.startsWith("weir_"))
        .join("\n");
    },
    check: (request) => checkBytes(CheckRequest.encode(request)),
    checkBytes,
    process: () => openProcess(client),
    async stop() {
      client.close();
      await weir.stop();
      await rm(folder, { recursive: true });
    },
  };
}

function openProcess(client: Client) {
  const { path } = externalProcessorService.process;
  return client.makeBidiStreamRequest<ProcessInit, ProcessingResponse>(
    path,
    ProcessingRequest.encode,
    ProcessingResponse.decode,
  );
}

/** A CheckRequest as Envoy would send it. */
export function checkOf(
  path: string,
  {
    method = "GET",
    key = "",
    headers = {} as Record<string, string>,
    metadata = {} as Record<string, object>,
  } = {},
): CheckInit {
  const all = new Map(Object.entries(headers));
  if (key) all.set("x-api-key", key);
  return {
    attributes: {
      source: { address: { socketAddress: { address: "203.0.113.7", portValue: 4711 } } },
      request: { http: { id: "1", method, path, host: "gateway.example:8443", headers: all } },
      metadataContext: { filterMetadata: new Map(Object.entries(metadata)) as never },
    },
  };
}

/** Polls until `holds`; fails after `timeoutMs`. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean, timeoutMs = 5000) {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
