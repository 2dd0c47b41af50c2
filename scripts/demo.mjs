// Sets up what the demo needs, and runs it. Usage: node scripts/demo.mjs [--once] [--nodes N] [--redis]
import { spawn, spawnSync } from "node:child_process";

const args = process.argv.slice(2);
const steps = ["envoy", ...(args.includes("--redis") ? ["redis"] : []), "build"];
const { status } = spawnSync(process.execPath, ["scripts/setup.mjs", ...steps], { stdio: "inherit" });
if (status !== 0) process.exit(status ?? 1);

const demo = spawn(process.execPath, ["--enable-source-maps", "dist/demo/main.js", ...args], {
  stdio: "inherit",
});
// Ctrl-C reaches both by the terminal; the demo ends its processes and then itself.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => demo.kill("SIGTERM"));
demo.on("exit", (code) => process.exit(code ?? 1));
