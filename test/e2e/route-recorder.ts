import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { type Envoy, startEnvoy } from "../../demo/stack/envoy.js";
import type { LoadedPolicy } from "../../src/config/load.js";
import { readCheckRequest } from "../../src/envoy/request.js";
import { HeaderAppendAction } from "../../src/envoy/wire/base.js";
import { type AuthorizationHandlers, authorizationService } from "../../src/envoy/wire/services.js";
import { backendClusters } from "../../src/envoy-config/clusters.js";
import type { Config } from "../../src/envoy-config/config.js";
import { listener } from "../../src/envoy-config/listener.js";
import { routingOf } from "../../src/envoy-config/routing.js";
import { readOnce } from "../../src/envoy-config/secrets.js";
import { type EnvoySettings, SYSTEM_CA_FILE } from "../../src/envoy-config/settings.js";
import { routeConfiguration } from "../../src/envoy-config/virtual-hosts.js";
import { weirCluster } from "../../src/envoy-config/weir-clusters.js";
import { writeYaml } from "../../src/envoy-config/yaml.js";
import type { HttpRequest } from "../../src/policy/request.js";

/** What Envoy asked of weir about a request; null where it answered by itself. */
export type Told = Pick<HttpRequest, "method" | "host" | "path" | "route"> | null;

export interface RouteRecorder {
  /** Sends a request past the listener of one of the policies. */
  ask(policy: number, method: string, host: string, path: string): Promise<{ told: Told; status: number }>;
  stop(): Promise<void>;
}

const at = (port: number) => ({ kind: "tcp", host: "127.0.0.1", port }) as const;

/** An Envoy with a listener for each policy, and in place of weir somebody who writes down what he is asked. */
export async function startRouteRecorder(policies: readonly LoadedPolicy[]): Promise<RouteRecorder> {
  const weir = await startScribe();
  const folder = await mkdtemp(join(tmpdir(), "weir-routes-"));
  const settings: EnvoySettings = {
    ...{ listen: at(0), admin: at(0), weir: [at(weir.port)], listenerTls: null, weirTls: null },
    backendCaFile: SYSTEM_CA_FILE,
  };
  const clusters = new Map<unknown, Config>();
  const listeners = policies.map((loaded, i): Config => {
    const routing = routingOf(loaded);
    for (const cluster of backendClusters(loaded, routing, SYSTEM_CA_FILE))
      clusters.set(cluster["name"], cluster);
    const routes = { route_config: routeConfiguration(routing) };
    return { ...listener(loaded, settings, routes, "lean", readOnce), name: `policy-${i}` };
  });
  const file = join(folder, "envoy.yaml");
  const bootstrap = {
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } },
    static_resources: { listeners, clusters: [weirCluster(settings, readOnce), ...clusters.values()] },
  };
  await writeFile(
    file,
    writeYaml(bootstrap, "For one run.").replaceAll("timeout: 0.25s\n", "timeout: 10s\n"),
  );
  const envoy = await startEnvoy(file, folder).catch(async (error: unknown) => {
    await weir.stop();
    throw error;
  });
  const ports = await portsOf(envoy);
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  return {
    ask: (policy, method, host, path) => send(agent, ports.get(`policy-${policy}`) ?? 0, method, host, path),
    async stop() {
      agent.destroy();
      await envoy.stop();
      await weir.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Denies every request with 200, and tells in a header what it was asked. */
async function startScribe(): Promise<{ port: number; stop(): Promise<void> }> {
  const server = new Server();
  const handlers: AuthorizationHandlers = {
    check: (call, answer) => {
      const asked = readCheckRequest(call.request);
      assert.ok(asked);
      const { method, host, path, route } = asked;
      const value = Buffer.from(JSON.stringify({ method, host, path, route })).toString("base64");
      const appendAction = HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD;
      answer(null, {
        status: { code: 7 },
        deniedResponse: {
          status: { code: 200 },
          headers: [{ header: { key: "x-told", value }, appendAction }],
          body: "",
        },
      });
    },
  };
  server.addService(authorizationService, handlers);
  new HealthImplementation({ "": "SERVING" }).addToServer(server);
  const port = await new Promise<number>((resolve, reject) => {
    const bound = (error: Error | null, port: number) => (error ? reject(error) : resolve(port));
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), bound);
  });
  return { port, stop: async () => server.forceShutdown() };
}

async function portsOf({ adminPort }: Envoy): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/listeners?format=json`);
  const { listener_statuses } = (await response.json()) as {
    listener_statuses: { name: string; local_address: { socket_address: { port_value: number } } }[];
  };
  return new Map(
    listener_statuses.map(({ name, local_address }) => [name, local_address.socket_address.port_value]),
  );
}

function send(agent: Agent, port: number, method: string, host: string, path: string) {
  return new Promise<{ told: Told; status: number }>((resolve, reject) => {
    const options = { agent, host: "127.0.0.1", port, method, path, headers: { host } };
    const outgoing = request(options, (response) => {
      response.resume();
      response.on("error", reject);
      response.on("end", () => {
        const told = response.headers["x-told"];
        const text = typeof told === "string" ? Buffer.from(told, "base64").toString("utf8") : "null";
        resolve({ told: JSON.parse(text), status: response.statusCode ?? 0 });
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
