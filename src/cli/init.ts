import { randomBytes } from "node:crypto";
import { access, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parsePolicy } from "../config/load.js";
import { WeirError } from "../errors.js";
import type { ApiDraft } from "../openapi/api.js";
import { readApis } from "../openapi/read-files.js";
import { ANONYMOUS_PER_MINUTE, starterApis, writeStarter } from "../starter/policy.js";
import { schemaPath } from "../starter/schema-path.js";
import { type Command, readOptions } from "./command.js";

const STANDARD_OUTPUT = "-";

const options = { openapi: { type: "string", multiple: true } } as const;

export const init: Command = {
  summary: "write a policy to begin with",
  help: `Usage: weir init [FILE] [--openapi FILE]…

Writes a policy that works at once, with comments on how to go on. Without --openapi it is for one
backend on http://127.0.0.1:8080; with it, for the APIs that OpenAPI definitions describe, and what
of these cannot be taken over is listed on standard error.

  FILE            where the policy goes; - is standard output (default policy.yaml). A file that is
                  there already stays as it is
  --openapi FILE  a definition of OpenAPI 3 or 2.0, in YAML or JSON; may be given several times`,

  async run(args, terminal) {
    const { positionals, values } = readOptions(args, options);
    const file = fileArgument(positionals);
    const { apis, notes } = await readApis(values.openapi ?? []);
    const keys = { production: newKey("demo"), sandbox: newKey("demo-sandbox") };
    const text = writeStarter({ apis, keys, schema: await findSchema(file) });
    const { warnings } = parsePolicy(text, file === STANDARD_OUTPUT ? "the policy" : file);
    if (file === STANDARD_OUTPUT) terminal.out(text);
    else await write(file, text);
    for (const note of notes) terminal.err(`note: ${note}\n`);
    for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
    if (file !== STANDARD_OUTPUT) terminal.out(whatNext(file, starterApis(apis)[0], keys.production));
    return 0;
  },
};

function fileArgument([file = "policy.yaml", ...rest]: readonly string[]): string {
  if (file === "") throw new WeirError("USAGE", "the path of the policy is empty");
  if (rest.length > 0) throw new WeirError("USAGE", `one policy file, not also: ${rest.join(" ")}`);
  return file;
}

/** A key of this policy alone: one that all had would open what is left as it is. */
function newKey(name: string): string {
  return `${name}-${randomBytes(12).toString("hex")}`;
}

/** The schema that comes with weir, as seen from the policy. */
async function findSchema(file: string): Promise<string | null> {
  const schema = fileURLToPath(new URL("../../../policy.schema.json", import.meta.url));
  const isThere = await access(schema).then(
    () => true,
    () => false,
  );
  return isThere ? schemaPath(file, schema, resolve()) : null;
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    const message =
      error.code === "EEXIST"
        ? `${file} is there already, and stays as it is: give another path, or - for standard output`
        : `cannot write the policy ${file}: ${error.message}`;
    throw new WeirError("POLICY_UNWRITABLE", message, { cause: error });
  });
}

function whatNext(file: string, { pathPrefix }: ApiDraft, key: string): string {
  const policy = inShell(file.startsWith("-") ? `./${file}` : file);
  const ask = `curl -i ${inShell(`http://127.0.0.1:10000${pathPrefix}`)}`;
  return `${file} is written. What comes next:

  weir validate ${policy}
  weir envoy ${policy} > envoy.yaml
  weir serve ${policy}
  envoy -c envoy.yaml

The last two go on running, each in a terminal of its own. Then ask through Envoy, without a key and with one:

  ${ask}
  ${ask} -H 'x-api-key: ${key}'

Without a key ${ANONYMOUS_PER_MINUTE} requests pass in a minute.
`;
}

/** An argument as a POSIX shell reads it. */
function inShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
