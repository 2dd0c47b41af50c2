import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEnvoy } from "../../demo/stack/envoy.js";

/** What Envoy has against a bootstrap; null where it takes it. */
export async function objection(bootstrap: string): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), "weir-validate-"));
  try {
    const file = join(folder, "envoy.yaml");
    await writeFile(file, bootstrap);
    return await new Promise((resolve) => {
      const args = ["--mode", "validate", "-c", file, "--use-dynamic-base-id"];
      execFile(findEnvoy(), args, (error, stdout, stderr) => resolve(error ? stderr + stdout : null));
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
