// Runs the end-to-end tests on one Envoy after the other: on all of scripts/envoys.mjs, or on the versions given as
// arguments. Fails if they do on any.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { envoys } from "./envoys.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const known = envoys.map(({ version }) => version);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((version) => !known.includes(version));
if (unknown.length > 0) {
  say(`no Envoy ${unknown.join(", ")} to test with; known: ${known.join(", ")}`);
  process.exit(1);
}
const chosen = envoys.filter(({ version }) => wanted.length === 0 || wanted.includes(version));

const steps = chosen.map(({ version }) => `envoy@${version}`);
if (!runs("scripts/setup.mjs", [...steps, "build"], {})) process.exit(1);

const verdicts = chosen.map(({ release, program }) => {
  say(`end to end on Envoy ${release} …`);
  const started = performance.now();
  const isGood = runs("scripts/test.mjs", ["e2e"], { WEIR_ENVOY: program });
  const seconds = Math.round((performance.now() - started) / 1000);
  return { isGood, text: `Envoy ${release}: ${isGood ? "passed" : "FAILED"} in ${seconds} s` };
});
for (const { text } of verdicts) say(text);
process.exit(verdicts.every(({ isGood }) => isGood) ? 0 : 1);

function runs(script, args, env) {
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, ...env } };
  return spawnSync(process.execPath, [script, ...args], options).status === 0;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
