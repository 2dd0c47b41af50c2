import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const packages = join(process.cwd(), ".tools", "python");

/** Runs a script of test/ with the Python packages of the tests, and parses what it prints. Throws when it fails. */
export function runPython(script: string, args: readonly string[], input?: unknown): unknown {
  if (!existsSync(packages)) {
    throw new Error(`${packages} is missing: run "node scripts/setup.mjs python" in the repository's root`);
  }
  const path = join(process.cwd(), "test", script);
  const { status, stdout, stderr, error } = spawnSync("python3", ["-B", path, ...args], {
    env: { ...process.env, PYTHONPATH: packages },
    input: JSON.stringify(input ?? null),
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  if (status !== 0) {
    const reason = error?.message ?? stderr;
    throw new Error(`python3 ${script} failed: ${reason}\nTo set it up: node scripts/setup.mjs python`);
  }
  return JSON.parse(stdout);
}
