import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { findEnvoy } from "../../demo/stack/envoy.js";
import { answersOk, type Child, startChild, waitUntil } from "../../demo/stack/process.js";
import { envoyMetrics } from "./known-metrics.js";

const types = "type.googleapis.com/envoy";
const watched = (file: string) => ({ path_config_source: { path: file }, resource_api_version: "V3" });
const resources = (type: string, resource: object) => ({
  resources: [{ "@type": `${types}.config.${type}`, ...resource }],
});

/** A gateway with the filters and the watched files that weir's has, before a weir and a backend that are not there. */
function configuration(folder: string) {
  const filter = (name: string, type: string, config: object) => ({
    name,
    typed_config: { "@type": `${types}.extensions.filters.http.${type}`, ...config },
  });
  const grpc_service = { envoy_grpc: { cluster_name: "weir" } };
  const manager = {
    "@type": `${types}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "gateway",
    rds: { route_config_name: "gateway", config_source: watched(join(folder, "routes.yaml")) },
    http_filters: [
      filter("authz", "ext_authz.v3.ExtAuthz", { grpc_service, failure_mode_allow: true }),
      filter("proc", "ext_proc.v3.ExternalProcessor", { grpc_service, failure_mode_allow: true }),
      filter("router", "router.v3.Router", {}),
    ],
  };
  return {
    "envoy.yaml": {
      node: { id: "test", cluster: "test" },
      admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } },
      dynamic_resources: {
        lds_config: watched(join(folder, "listeners.yaml")),
        cds_config: watched(join(folder, "clusters.yaml")),
      },
    },
    "listeners.yaml": resources("listener.v3.Listener", {
      name: "gateway",
      address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
      filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
    }),
    "routes.yaml": resources("route.v3.RouteConfiguration", {
      name: "gateway",
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "weir" } }],
        },
      ],
    }),
    "clusters.yaml": resources("cluster.v3.Cluster", {
      name: "weir",
      load_assignment: { cluster_name: "weir" },
    }),
  };
}

describe("Envoy", () => {
  let folder: string;
  let envoy: Child;
  let metrics: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-envoy-metrics-"));
    for (const [name, content] of Object.entries(configuration(folder))) {
      await writeFile(join(folder, name), JSON.stringify(content));
    }
    const addressFile = join(folder, "admin.txt");
    const args = ["-c", join(folder, "envoy.yaml"), "--use-dynamic-base-id", "--concurrency", "1"];
    envoy = startChild(
      findEnvoy(),
      [...args, "--log-level", "warn", "--admin-address-path", addressFile],
      join(folder, "envoy.log"),
    );
    const admin = async () => `http://${(await readFile(addressFile, "utf8").catch(() => "")).trim()}`;
    await waitUntil("Envoy", async () => answersOk(`${await admin()}/ready`), envoy);
    const listeners = await (await fetch(`${await admin()}/listeners`)).text();
    const [, gateway] = /::(127\.0\.0\.1:\d+)/.exec(listeners) ?? [];
    // Envoy has counters for classes of responses once there was one.
    assert.equal((await fetch(`http://${gateway}/`)).status, 503);
    metrics = await (await fetch(`${await admin()}/stats/prometheus`)).text();
  });

  after(async () => {
    await envoy?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [name, labels] of Object.entries(envoyMetrics)) {
    test(`tells ${name} with its labels`, () => {
      const [line] = metrics.split("\n").filter((text) => text.startsWith(`${name}{`));
      assert.ok(line, metrics);
      const told = [...line.matchAll(/[{,](\w+)="/g)].map(([, label]) => label);
      assert.deepEqual(told.sort(), [...labels].sort(), line);
    });
  }
});
