import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runCommand } from "./terminal.js";

const GOOD = "test/config/fixtures/example.yaml";
const WARNED = "test/config/fixtures/with-warnings.yaml";
const BAD = "test/config/fixtures/bad/unknown-tier.yaml";
const usage = (message: string) => ({ code: 2, out: "", err: `weir: ${message}\nTry: weir --help\n` });

describe("weir", () => {
  test("tells what commands there are when asked", async () => {
    const { code, out, err } = await runCommand(["--help"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(
      out,
      /^weir decides .*\n\nUsage: weir COMMAND \[arguments\]\n\n {2}init +\w.*\n {2}validate +\w.*\n {2}envoy +\w/,
    );
    for (const same of ["-h", "help"]) assert.deepEqual(await runCommand([same]), { code, out, err });
  });

  test("tells the same without a command, as a mistake", async () => {
    const { out } = await runCommand(["--help"]);
    assert.deepEqual(await runCommand([]), { code: 2, out, err: "" });
  });

  for (const name of ["sevre", "", "constructor", "--version"]) {
    test(`knows no command "${name}"`, async () => {
      const { out } = await runCommand(["--help"]);
      const names = [...out.matchAll(/^ {2}([\w-]+) +\w/gm)].map(([, name]) => name);
      const message = `unknown command "${name}"; there are ${names.join(", ")}`;
      assert.deepEqual(await runCommand([name]), usage(message));
    });
  }
});

describe("weir COMMAND --help", () => {
  test("tells what serve takes, with every default and every variable", async () => {
    const { code, out, err } = await runCommand(["serve", "--help"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^Usage: weir serve POLICY \[flags\]\n/);
    for (const part of [
      "POLICY  the policy file (WEIR_POLICY)",
      "--grpc ADDRESS        where Envoy asks: host:port or unix:/path (WEIR_GRPC; default 127.0.0.1:9191)",
      "--admin ADDRESS       where /healthz, /readyz and /metrics are (WEIR_ADMIN; default 127.0.0.1:9192)",
      "--tls-cert FILE       TLS on --grpc: the certificate (PEM), taken anew when it changes (WEIR_TLS_CERT; default none)",
      "--tls-key FILE        the key to it (PEM) (WEIR_TLS_KEY; default none)",
      "--tls-client-ca FILE  take only clients with a certificate of this authority (PEM) (WEIR_TLS_CLIENT_CA; default none)",
      "--log-level LEVEL     fatal, error, warn, info, debug, trace, silent (WEIR_LOG_LEVEL; default info)",
      "--drain-delay-ms MS   how long it goes on as ever after SIGTERM, not ready (WEIR_DRAIN_DELAY_MS; default 3000)",
      "--drain-ms MS         how long calls may go on after that (WEIR_DRAIN_MS; default 10000)",
    ]) {
      assert.ok(out.includes(`  ${part}\n`), part);
    }
  });

  test("tells what validate takes", async () => {
    const { code, out, err } = await runCommand(["validate", "-h"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^Usage: weir validate POLICY\n[\s\S]*WEIR_POLICY/);
  });

  test("helps whatever else stands in the line", async () => {
    const { out } = await runCommand(["serve", "--help"]);
    assert.deepEqual(await runCommand(["serve", "missing.yaml", "--port", "-h"]), { code: 0, out, err: "" });
  });
});

for (const command of ["serve", "validate"]) {
  describe(`weir ${command} refuses to guess:`, () => {
    test("no policy", async () => {
      const expected = usage("which policy? give the path of the policy file");
      assert.deepEqual(await runCommand([command]), expected);
      assert.deepEqual(await runCommand([command], { WEIR_POLICY: "" }), expected);
    });

    test("two policies", async () => {
      const expected = usage("one policy file, not also: b.yaml c.yaml");
      assert.deepEqual(await runCommand([command, GOOD, "b.yaml", "c.yaml"]), expected);
    });

    test("a flag that there is not", async () => {
      const { code, out, err } = await runCommand([command, GOOD, "--prot", "1"]);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(err, /^weir: Unknown option '--prot'.*\nTry: weir --help\n$/);
    });

    test("a policy that cannot be read", async () => {
      const { code, out, err } = await runCommand([command, "no/such.yaml"]);
      assert.deepEqual([code, out], [2, ""]);
      assert.equal(
        err,
        "weir: cannot read the policy no/such.yaml: ENOENT: no such file or directory, open 'no/such.yaml'\n",
      );
      assert.match((await runCommand([command, "src"])).err, /^weir: cannot read the policy src: EISDIR/);
    });

    test("a policy with mistakes, and lists all of them", async () => {
      const { code, out, err } = await runCommand([command, BAD]);
      assert.deepEqual([code, out], [2, ""]);
      const [first, ...mistakes] = err.trimEnd().split("\n");
      assert.equal(first, `weir: 4 mistakes in ${BAD}`);
      assert.equal(mistakes.length, 4);
      assert.equal(mistakes[0], `${BAD}:12: apis[0].tier: unknown tier "Gld"; did you mean "Gold"?`);
      for (const mistake of mistakes) assert.ok(mistake.startsWith(`${BAD}:`), mistake);
    });
  });
}

describe("weir validate", () => {
  const good = `${GOOD} is good: 2 APIs, 17 limits\n`;

  test("finds a good policy good", async () => {
    assert.deepEqual(await runCommand(["validate", GOOD]), { code: 0, out: good, err: "" });
  });

  test("tells the warnings of a policy that is good all the same", async () => {
    const { code, out, err } = await runCommand(["validate", WARNED]);
    assert.deepEqual([code, out], [0, `${WARNED} is good: 2 APIs, 0 limits\n`]);
    const warnings = err.trimEnd().split("\n");
    assert.equal(warnings.length, 2);
    for (const warning of warnings) assert.ok(warning.startsWith(`warning: ${WARNED}:`), warning);
  });

  test("takes the policy from WEIR_POLICY where none is given, and the given one where both are", async () => {
    assert.equal((await runCommand(["validate"], { WEIR_POLICY: GOOD })).out, good);
    assert.equal((await runCommand(["validate", GOOD], { WEIR_POLICY: BAD })).out, good);
    assert.equal((await runCommand(["validate"], { WEIR_POLICY: BAD })).code, 2);
  });
});

describe("weir serve refuses", () => {
  const address = (flag: string, value: string) =>
    usage(`--${flag} must be host:port, [ipv6]:port or unix:/path of at most 107 bytes, not "${value}"`);
  const cases: [string, string[], ReturnType<typeof usage>][] = [
    ["an address without port", ["--grpc", "localhost"], address("grpc", "localhost")],
    ["a port alone", ["--admin", "9192"], address("admin", "9192")],
    ["a port that does not exist", ["--grpc", "127.0.0.1:65536"], address("grpc", "127.0.0.1:65536")],
    ["an IPv6 address without brackets", ["--grpc", "::1:9191"], address("grpc", "::1:9191")],
    ["a URL", ["--admin", "http://127.0.0.1:9192"], address("admin", "http://127.0.0.1:9192")],
    ["a socket without a whole path", ["--grpc", "unix:weir.sock"], address("grpc", "unix:weir.sock")],
    ["no address", ["--grpc="], address("grpc", "")],
    [
      "a time that is none",
      ["--drain-ms", "10s"],
      usage('--drain-ms must be a whole number of milliseconds, not "10s"'),
    ],
    [
      "a level of logging that there is not",
      ["--log-level", "loud"],
      usage('--log-level must be one of fatal, error, warn, info, debug, trace, silent, not "loud"'),
    ],
  ];
  for (const [what, flags, expected] of cases) {
    test(what, async () => assert.deepEqual(await runCommand(["serve", GOOD, ...flags]), expected));
  }

  test("the same mistakes in the environment, and takes flags before it", async () => {
    const bad = { WEIR_GRPC: "nowhere", WEIR_LOG_LEVEL: "silent" };
    assert.deepEqual(await runCommand(["serve", GOOD], bad), address("grpc", "nowhere"));
    const { err } = await runCommand(["serve", GOOD, "--grpc", "elsewhere"], bad);
    assert.equal(err, address("grpc", "elsewhere").err);
    const late = { WEIR_DRAIN_MS: "soon", WEIR_LOG_LEVEL: "silent" };
    assert.match((await runCommand(["serve", GOOD], late)).err, /--drain-ms must be .*, not "soon"/);
  });
});
