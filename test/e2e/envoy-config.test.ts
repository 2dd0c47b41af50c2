import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { load } from "js-yaml";
import { startEnvoy } from "../../demo/stack/envoy.js";
import { type LoadedPolicy, parsePolicy } from "../../src/config/load.js";
import { staticBootstrap } from "../../src/envoy-config/bootstrap.js";
import type { Config } from "../../src/envoy-config/config.js";
import { parts } from "../../src/envoy-config/parts.js";
import { publishBootstrap, publishResources } from "../../src/envoy-config/publish.js";
import { dynamicBootstrap, resourcesOf } from "../../src/envoy-config/resources.js";
import { type EnvoySettings, SYSTEM_CA_FILE } from "../../src/envoy-config/settings.js";
import { writeYaml } from "../../src/envoy-config/yaml.js";
import { type Address, parseAddress } from "../../src/net/address.js";
import { everything } from "../envoy-config/everything.js";
import { type Certificates, makeCertificates } from "../support/certificates.js";
import { withBackends } from "./stack.js";
import { objection } from "./validate.js";

const plain: EnvoySettings = {
  listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
  admin: { kind: "tcp", host: "127.0.0.1", port: 0 },
  weir: [at("127.0.0.1:9191")],
  listenerTls: null,
  backendCaFile: SYSTEM_CA_FILE,
  weirTls: null,
};

function at(text: string): Address {
  return parseAddress(text) ?? assert.fail(text);
}

interface Bootstrap {
  static_resources: { listeners: Config[]; clusters: Config[] };
}

/** As it is when it has been written and read. */
function written(config: Config): unknown {
  return load(writeYaml(config, "Written and read."));
}

/** One bootstrap of several, each with a listener of its own: Envoy takes a while to start. */
function together(bootstraps: readonly Config[]): string {
  const all = bootstraps.map((bootstrap) => written(bootstrap) as Bootstrap);
  const listeners = all.flatMap(({ static_resources }, i) =>
    static_resources.listeners.map((listener) => ({ ...listener, name: `gateway-${i}` })),
  );
  const clusters = new Map(
    all.flatMap(({ static_resources }) => static_resources.clusters.map((one) => [one["name"], one])),
  );
  return JSON.stringify({ static_resources: { listeners, clusters: [...clusters.values()] } });
}

/** Every policy of this project that loads, by the name of its file. */
async function policiesOfTheProject(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const folder of ["test/config/fixtures", "test/wso2/expected", "envoy"]) {
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const text = name.endsWith(".yaml") ? await readFile(file, "utf8") : "";
      if (/^version: 1$/m.test(text)) found.set(file, text);
    }
  }
  for (const file of ["README.md", "docs/policy.md"]) {
    const blocks = (await readFile(file, "utf8")).matchAll(/```yaml\n(version: 1\n.*?)```/gs);
    for (const [i, [, text = ""]] of [...blocks].entries()) found.set(`${file} ${i}`, text);
  }
  return found;
}

describe("Envoy takes what weir envoy makes", () => {
  let folder: string;
  let certificates: Certificates;
  let loaded: LoadedPolicy;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-envoy-config-"));
    certificates = await makeCertificates();
    const jwksFile = join(folder, "jwks.json");
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    await writeFile(
      jwksFile,
      JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k" }] }),
    );
    loaded = parsePolicy(everything(jwksFile), "everything");
  });
  after(async () => {
    await certificates.remove();
    await rm(folder, { recursive: true });
  });

  const settings = (): Record<string, EnvoySettings> => {
    const { caFile, server, client } = certificates;
    const listenerTls = { ...server, clientCaFile: null };
    const weirTls = { caFile, client: null, serverName: "weir.example.com" };
    return {
      "one weir": plain,
      "several, by name and address": {
        ...plain,
        listen: { kind: "tcp", host: "::1", port: 0 },
        weir: [at("weir-1:9191"), at("127.0.0.1:9191"), at("[::1]:9191")],
      },
      "several addresses": { ...plain, weir: [at("127.0.0.1:9191"), at("[::1]:9191")] },
      "Unix sockets": { ...plain, weir: [at("unix:/run/weir/1.sock"), at("unix:/run/weir 2.sock")] },
      "TLS everywhere": { ...plain, listenerTls, weirTls },
      "certificates everywhere": {
        ...plain,
        listenerTls: { ...listenerTls, clientCaFile: caFile },
        weirTls: { ...weirTls, client, serverName: "127.0.0.1" },
      },
    };
  };

  test("wherever weir is", async () => {
    // The clusters of weir have the same names wherever it is: one bootstrap for each.
    for (const [what, where] of Object.entries(settings())) {
      const config = writeYaml(staticBootstrap(loaded, where), "For one run.");
      assert.equal(await objection(config), null, what);
    }
  });

  test("in parts", async () => {
    const part = (name: keyof typeof parts) => written(parts[name].make(loaded, plain)) as Config;
    const type = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    const manager = {
      "@type": `type.googleapis.com/${type}`,
      stat_prefix: "mine",
      ...part("filters"),
      ...part("routes"),
    };
    const listener = {
      name: "mine",
      address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
      filter_chains: [
        { filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] },
      ],
    };
    const bootstrap = { static_resources: { listeners: [listener], ...part("clusters") } };
    assert.equal(await objection(JSON.stringify(bootstrap)), null);
  });

  test("for every policy of the project", async () => {
    const bootstraps: Config[] = [];
    for (const [file, text] of await policiesOfTheProject())
      bootstraps.push(staticBootstrap(parsePolicy(withBackends(text), file), plain));
    assert.ok(bootstraps.length > 10, `${bootstraps.length} policies`);
    assert.equal(await objection(together(bootstraps)), null);
  });

  test("for policies with next to nothing", async () => {
    const texts = [
      "version: 1",
      'version: 1\ngateway: { backends: { sandbox: { url: "http://a" } } }',
      'version: 1\napis: [{ name: a, version: v1, match: { pathPrefix: / }, backends: { sandbox: { url: "http://a" } } }]',
      "version: 1\nidentity: [{ mtls: {} }]",
    ];
    const bootstraps = texts.map((text) => staticBootstrap(parsePolicy(text, "policy"), plain));
    assert.equal(await objection(together(bootstraps)), null);
  });

  test("from files, all of it", async () => {
    const files = join(folder, "files");
    const where = settings()["certificates everywhere"] ?? assert.fail();
    await publishResources(files, resourcesOf(loaded, where, files), 0, "in use");
    await publishBootstrap(files, dynamicBootstrap(where, files));
    assert.equal(await objection(await readFile(join(files, "envoy.yaml"), "utf8")), null);
    const envoy = await startEnvoy(join(files, "envoy.yaml"), folder);
    try {
      const stats = await (await fetch(`http://127.0.0.1:${envoy.adminPort}/stats`)).text();
      const rejected = stats
        .split("\n")
        .filter((line) => /update_rejected: [1-9]|update_failure: [1-9]/.test(line));
      assert.deepEqual(rejected, []);
      assert.match(stats, /listener_manager.lds.update_success: 1/);
      assert.match(stats, /cluster_manager.cds.update_success: 1/);
      assert.match(stats, /rds.gateway.update_success: 1/);
      for (const secret of ["tls-cert", "tls-client-ca", "weir-ca", "weir-cert"])
        assert.match(stats, new RegExp(`sds.${secret}.update_success: 1`));
    } finally {
      await envoy.stop();
    }
  });

  test("and is not one that takes everything", async () => {
    const config = writeYaml(staticBootstrap(loaded, plain), "For one run.");
    const broken = config.replace("strip_trailing_host_dot", "strip_leading_host_dot");
    assert.match((await objection(broken)) ?? "", /strip_leading_host_dot/);
  });
});
