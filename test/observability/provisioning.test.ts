import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { flag, mounts, readYaml, service } from "../compose/files.js";

interface PrometheusConfig {
  readonly global: { readonly scrape_interval: string };
  readonly rule_files: readonly string[];
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly metrics_path?: string;
    readonly dns_sd_configs?: readonly { names: readonly string[]; type: string; port: number }[];
    readonly static_configs?: readonly { targets: readonly string[] }[];
  }[];
}

const prometheus = (await readYaml("observability/prometheus/prometheus.yml")) as PrometheusConfig;
const { datasources } = (await readYaml("observability/grafana/datasources/prometheus.yaml")) as {
  datasources: readonly { type: string; url: string; jsonData: { timeInterval: string } }[];
};
const { providers } = (await readYaml("observability/grafana/dashboards/provider.yaml")) as {
  providers: readonly { type: string; options: { path: string } }[];
};

/** Where a path of a container is in the checkout. */
function outside(name: string, path: string): string {
  const mount = mounts(service(name)).find(({ target }) => path === target || path.startsWith(`${target}/`));
  assert.ok(mount, `${name} mounts nothing for ${path}`);
  return path.replace(mount.target, mount.source);
}

const job = (name: string) => prometheus.scrape_configs.find(({ job_name }) => job_name === name);

describe("Prometheus", () => {
  test("reads files that are there", () => {
    const file = outside("prometheus", flag("prometheus", "config.file"));
    assert.ok(existsSync(file), file);
    for (const rules of prometheus.rule_files) assert.ok(existsSync(join(file, "..", rules)), rules);
  });

  test("finds every node of weir where it tells its metrics", () => {
    const { WEIR_ADMIN: admin = "" } = service("weir").environment ?? {};
    const [host, port] = admin.split(":");
    assert.equal(host, "0.0.0.0");
    const [names] = job("weir")?.dns_sd_configs ?? [];
    assert.deepEqual([names?.names, names?.type, names?.port], [["weir"], "A", Number(port)]);
  });

  test("asks Envoy where its admin listens", () => {
    const [host, port] = flag("envoy-config", "admin").split(":");
    assert.equal(host, "0.0.0.0");
    assert.deepEqual(job("envoy")?.static_configs, [{ targets: [`envoy:${port}`] }]);
    assert.equal(job("envoy")?.metrics_path, "/stats/prometheus");
  });

  test("keeps its data in a volume of its own", () => {
    const path = flag("prometheus", "storage.tsdb.path");
    assert.deepEqual(
      mounts(service("prometheus")).filter(({ target }) => target === path),
      [{ source: "prometheus", target: path, read_only: false }],
    );
  });

  test("has the version whose grammar reads the expressions in these tests", async () => {
    const { devDependencies } = JSON.parse(await readFile("package.json", "utf8")) as {
      devDependencies: Record<string, string>;
    };
    // The packages of Prometheus 3.N are 0.3NN.
    const [, minor, patch] = /:v3\.(\d+)\.(\d+)$/.exec(service("prometheus").image ?? "") ?? [];
    const grammar = `0.3${minor?.padStart(2, "0")}.${patch}`;
    assert.equal(devDependencies["@prometheus-io/lezer-promql"], grammar);
  });
});

describe("Grafana", () => {
  test("asks Prometheus, no more often than that asks weir", () => {
    const [, port] = /:(\d+):\d+$/.exec(service("prometheus").ports?.[0] ?? "") ?? [];
    assert.equal(datasources.length, 1);
    assert.equal(datasources[0]?.type, "prometheus");
    assert.equal(datasources[0]?.url, `http://prometheus:${port}`);
    assert.equal(datasources[0]?.jsonData.timeInterval, prometheus.global.scrape_interval);
  });

  test("opens with the dashboard, from where its provider looks", () => {
    const { GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: home = "" } = service("grafana").environment ?? {};
    assert.ok(existsSync(outside("grafana", home)), home);
    assert.equal(providers.length, 1);
    assert.equal(providers[0]?.options.path, join(home, ".."));
  });

  test("lets anybody look, and nobody log in", () => {
    const { environment = {} } = service("grafana");
    assert.equal(environment["GF_AUTH_ANONYMOUS_ORG_ROLE"], "Viewer");
    assert.equal(environment["GF_AUTH_DISABLE_LOGIN_FORM"], "true");
    assert.equal(environment["GF_AUTH_BASIC_ENABLED"], "false");
    assert.equal(environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"], "true");
  });

  test("is the image's user in the folder that it writes to", () => {
    const { user, tmpfs = [] } = service("grafana");
    assert.ok(tmpfs.some((mount) => mount.startsWith(`/var/lib/grafana:uid=${user},`)));
  });
});
