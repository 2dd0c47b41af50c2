import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { load } from "js-yaml";
import { envoyFlags } from "../../src/cli/envoy-settings.js";
import { runCommand } from "./terminal.js";

const POLICY = "envoy/policy.yaml";
const WITHOUT_BACKENDS = `apis:
  - { name: a, version: v1, match: { pathPrefix: /a } }
  - { name: b, version: v1, match: { pathPrefix: /b }, backends: { sandbox: {} } }`;
const BAD = "test/config/fixtures/bad/unknown-tier.yaml";

const weirEnvoy = (...args: string[]) => runCommand(["envoy", ...args]);

interface Bootstrap {
  readonly admin: { address: { socket_address: object } };
  readonly static_resources: {
    readonly listeners: { address: object; filter_chains: { transport_socket?: object }[] }[];
    readonly clusters: {
      name: string;
      type: string;
      load_assignment: { endpoints: { lb_endpoints: object[] }[] };
      transport_socket?: object;
    }[];
  };
}

async function bootstrapOf(...args: string[]): Promise<Bootstrap["static_resources"] & Bootstrap> {
  const { code, out, err } = await weirEnvoy(POLICY, ...args);
  assert.equal(code, 0, err);
  const bootstrap = load(out) as Bootstrap;
  return { ...bootstrap, ...bootstrap.static_resources };
}

describe("weir envoy", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-envoy-"));
  });
  after(() => rm(folder, { recursive: true }));

  const policy = async (text: string) => {
    const file = join(folder, "policy.yaml");
    await writeFile(file, `version: 1\n${text}\n`);
    return file;
  };

  test("prints what envoy/envoy.yaml is made of", async () => {
    const { code, out, err } = await weirEnvoy(POLICY, "--weir", "weir:9191");
    assert.deepEqual([code, err], [0, ""]);
    assert.equal(out, await readFile("envoy/envoy.yaml", "utf8"));
  });

  test("has Envoy listen, be administered and find weir where it is told", async () => {
    const plain = await bootstrapOf();
    const at = (address: string, port_value: number) => ({ socket_address: { address, port_value } });
    const endpointsOf = ({ clusters }: Pick<Bootstrap["static_resources"], "clusters">) =>
      clusters
        .filter(({ name }) => name.startsWith("weir"))
        .map(({ type, load_assignment }) => [type, load_assignment.endpoints[0]?.lb_endpoints]);
    assert.deepEqual(plain.listeners[0]?.address, at("0.0.0.0", 10000));
    assert.deepEqual(plain.admin.address, at("127.0.0.1", 9901));
    const endpoint = (address: object) => ({ endpoint: { address } });
    const own = ["STATIC", [endpoint(at("127.0.0.1", 9191))]];
    assert.deepEqual(endpointsOf(plain), [own, own]);

    const told = await bootstrapOf(
      "--listen",
      "[::1]:8443",
      "--admin",
      "[::1]:1",
      "--weir",
      "a:1",
      "--weir",
      "[::1]:2",
    );
    assert.deepEqual(told.listeners[0]?.address, at("::1", 8443));
    assert.deepEqual(told.admin.address, at("::1", 1));
    const both = ["STRICT_DNS", [endpoint(at("a", 1)), endpoint(at("::1", 2))]];
    assert.deepEqual(endpointsOf(told), [both, both]);

    const socket = await bootstrapOf("--weir", "unix:/run/weir.sock");
    assert.deepEqual(endpointsOf(socket)[0], ["STATIC", [endpoint({ pipe: { path: "/run/weir.sock" } })]]);
  });

  test("has TLS for clients and to weir where it is told", async () => {
    const plain = await bootstrapOf();
    assert.equal(plain.listeners[0]?.filter_chains[0]?.transport_socket, undefined);
    assert.ok(plain.clusters.every(({ transport_socket }) => transport_socket === undefined));
    const listener = ["--tls-cert", "/c.crt", "--tls-key", "/c.key", "--tls-client-ca", "/ca.crt"];
    const weir = [
      "--weir-ca",
      "/w.crt",
      "--weir-cert",
      "/e.crt",
      "--weir-key",
      "/e.key",
      "--weir",
      "weir.internal:1",
    ];
    const { listeners, clusters } = await bootstrapOf(...listener, ...weir);
    const told = JSON.stringify([
      listeners[0]?.filter_chains[0]?.transport_socket,
      clusters[0]?.transport_socket,
    ]);
    for (const part of ["/c.crt", "/c.key", "/ca.crt", "/w.crt", "/e.crt", "/e.key", '"sni":"weir.internal"'])
      assert.ok(told.includes(part), part);
    const named = await bootstrapOf(...weir, "--weir-name", "other.internal");
    assert.match(JSON.stringify(named.clusters[0]?.transport_socket), /"sni":"other.internal"/);
  });

  test("prints a part alone", async () => {
    for (const [part, keys] of [
      ["filters", /^# .*\n(# .*\n)*(\w+:|#)/],
      ["routes", /^# .*\nroute_config:\n/],
      ["clusters", /^# .*\nclusters:\n/],
    ] as const) {
      const { code, out } = await weirEnvoy(POLICY, "--part", part);
      assert.equal(code, 0);
      assert.match(out, keys);
    }
    const { code } = await weirEnvoy(await policy(WITHOUT_BACKENDS), "--part", "filters");
    assert.equal(code, 0, "filters need no backends");
  });

  test("writes files, prints nothing, and ends", async () => {
    const out = join(folder, "deep/er");
    assert.deepEqual(await weirEnvoy(POLICY, "--out", out), { code: 0, out: "", err: "" });
    assert.deepEqual((await readdir(out)).sort(), [
      "clusters.yaml",
      "envoy.yaml",
      "listeners.yaml",
      "routes.yaml",
    ]);
  });

  test("writes a file for each secret that it is told of, in a way that Envoy finds the folder to watch", async () => {
    const out = join(folder, "tls");
    const listener = ["--tls-cert", "c.crt", "--tls-key", "/keys/c.key"];
    assert.equal((await weirEnvoy(POLICY, "--out", out, ...listener, "--weir-ca", "ca/w.crt")).code, 0);
    const secrets = (await readdir(out)).filter((name) => name.startsWith("secret-")).sort();
    assert.deepEqual(secrets, ["secret-tls-cert.yaml", "secret-weir-ca.yaml"]);
    const [certificate, authority] = await Promise.all(
      secrets.map((name) => readFile(join(out, name), "utf8").then(load)),
    );
    const resource = { "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret" };
    assert.deepEqual(certificate, {
      resources: [
        {
          ...{ ...resource, name: "tls-cert" },
          tls_certificate: {
            certificate_chain: { filename: "./c.crt" },
            private_key: { filename: "/keys/c.key" },
          },
        },
      ],
    });
    assert.deepEqual(authority, {
      resources: [
        { ...resource, name: "weir-ca", validation_context: { trusted_ca: { filename: "ca/w.crt" } } },
      ],
    });
    const read = (name: string) => readFile(join(out, name), "utf8");
    assert.ok((await read("listeners.yaml")).includes(join(out, "secret-tls-cert.yaml")));
    assert.ok((await read("envoy.yaml")).includes(join(out, "secret-weir-ca.yaml")));
  });

  test("says what it leaves to its reader", async () => {
    const file = await policy(`
identity:
  - apiKey: { header: x-api-key }
  - jwt: {}
  - jwt: { issuer: i, jwks: { file: /j }, metadata: [envoy.filters.http.jwt_authn, i] }
  - mtls: {}
  - trusted: { application: x-app }`);
    const notes = [
      "note: identity[1].jwt: has no issuer and jwks, so a filter of your own has to verify tokens before ext_authz",
      "note: identity[3].mtls: Envoy asks for no certificates; give --tls-cert, --tls-key and --tls-client-ca",
      "note: identity[4].trusted: nothing sets these headers yet; put the filter that does before ext_authz",
    ];
    const { code, err } = await weirEnvoy(file);
    assert.deepEqual([code, err.trimEnd().split("\n")], [0, notes]);
    const tls = ["--tls-cert", "a", "--tls-key", "b"];
    assert.equal((await weirEnvoy(file, ...tls)).err.split("\n").length, 4);
    assert.ok(!(await weirEnvoy(file, ...tls, "--tls-client-ca", "c")).err.includes("mtls"));
  });

  test("tells of all backends that nobody names, in one go", async () => {
    const { code, out, err } = await weirEnvoy(await policy(WITHOUT_BACKENDS));
    assert.deepEqual([code, out], [2, ""]);
    assert.match(
      err,
      /^weir: nobody says where to send requests: .*\n(apis\[\d\]\.backends\.\w+: .* has no url\n){3}/,
    );
  });

  test("lists the mistakes of a policy", async () => {
    const { code, out, err } = await weirEnvoy(BAD);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^weir: 4 mistakes in /);
  });

  test("says where it cannot write", async () => {
    const { code, err } = await weirEnvoy(POLICY, "--out", "package.json/x");
    assert.equal(code, 2);
    assert.match(err, /^weir: cannot write Envoy's configuration: /);
  });

  test("tells of every flag, and every default", async () => {
    const { code, out, err } = await weirEnvoy("--help");
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^Usage: weir envoy POLICY \[flags\]\n/);
    for (const flag of [...Object.keys(envoyFlags), "part", "out", "watch"])
      assert.ok(out.includes(`--${flag} `), flag);
    for (const flag of Object.values(envoyFlags))
      if ("default" in flag) assert.ok(out.includes(`default ${flag.default}`), String(flag.default));
  });
});

describe("weir envoy refuses", () => {
  const address = (flag: string, value: string) =>
    `--${flag} must be host:port, [ipv6]:port or unix:/path of at most 107 bytes, not "${value}"`;
  const cases: readonly [string, readonly string[], string][] = [
    [
      "a part that there is not",
      ["--part", "listener"],
      '--part must be one of filters, routes, clusters, not "listener"',
    ],
    [
      "a part that every object has",
      ["--part", "constructor"],
      '--part must be one of filters, routes, clusters, not "constructor"',
    ],
    ["no part", ["--part="], '--part must be one of filters, routes, clusters, not ""'],
    ["a part in files", ["--part", "routes", "--out", "x"], "--part and --out exclude each other"],
    ["to watch what goes to the terminal", ["--watch"], "--watch takes --out beside it"],
    ["an address that is none", ["--listen", "8080"], address("listen", "8080")],
    ["to listen on a socket", ["--listen", "unix:/x"], '--listen must be host:port, not "unix:/x"'],
    ["an admin port on a socket", ["--admin", "unix:/x"], '--admin must be host:port, not "unix:/x"'],
    ["a weir that is nowhere", ["--weir", "weir"], address("weir", "weir")],
    ["one of several weirs that is nowhere", ["--weir", "a:1", "--weir", ""], address("weir", "")],
    [
      "weirs of both kinds",
      ["--weir", "a:1", "--weir", "unix:/x"],
      "--weir: all nodes have to be at host:port, or all at unix:/path",
    ],
    ["a certificate without its key", ["--tls-cert", "a"], "--tls-cert and --tls-key go together"],
    ["a key without its certificate", ["--tls-key", "a"], "--tls-cert and --tls-key go together"],
    [
      "a CA of clients without TLS",
      ["--tls-client-ca", "a"],
      "--tls-client-ca takes --tls-cert and --tls-key beside it",
    ],
    [
      "half of what Envoy shows to weir",
      ["--weir-ca", "c", "--weir-cert", "a"],
      "--weir-cert and --weir-key go together",
    ],
    [
      "to show something to a weir without TLS",
      ["--weir-cert", "a", "--weir-key", "b"],
      "--weir-cert, --weir-key and --weir-name take --weir-ca beside them",
    ],
    [
      "a name of a weir without TLS",
      ["--weir-name", "a"],
      "--weir-cert, --weir-key and --weir-name take --weir-ca beside them",
    ],
    [
      "TLS to weirs on several hosts without the name of all",
      ["--weir-ca", "a", "--weir", "a:1", "--weir", "b:1"],
      "--weir-ca: weirs on several hosts take --weir-name, a name that is in the certificate of each",
    ],
    [
      "TLS to a socket without a name",
      ["--weir-ca", "a", "--weir", "unix:/x"],
      "--weir-ca: a Unix socket needs no TLS; with it, --weir-name too",
    ],
  ];
  for (const [what, args, message] of cases) {
    test(what, async () => {
      const expected = { code: 2, out: "", err: `weir: ${message}\nTry: weir --help\n` };
      assert.deepEqual(await weirEnvoy(POLICY, ...args), expected);
    });
  }

  test("to go on without a policy", async () => {
    const { code, err } = await weirEnvoy();
    assert.deepEqual(
      [code, err],
      [2, "weir: which policy? give the path of the policy file\nTry: weir --help\n"],
    );
  });
});
