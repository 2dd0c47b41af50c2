import { writeFile } from "node:fs/promises";
import { parsePolicy } from "../config/load.js";
import { WeirError } from "../errors.js";
import { importFolder } from "../wso2/import-folder.js";
import { type Command, describeFlags, readArguments } from "./command.js";

const STANDARD_OUTPUT = "-";

const flags = {
  out: {
    placeholder: "FILE",
    fallback: STANDARD_OUTPUT,
    about: "where the policy goes; - is standard output",
  },
};

export const importCommand: Command = {
  summary: "make a policy of what WSO2 API Manager exports",
  help: `Usage: weir import wso2 DIR [flags]

Reads the API projects, throttling policies, applications and deny policies that apictl and the
admin REST API export, in DIR and the folders below it, and prints a policy file. What has no
counterpart, or means something else here, is listed on standard error with its file and place.

  DIR  where the exports are
${describeFlags(flags)}`,

  async run(args, terminal) {
    const { positionals, values } = readArguments(args, flags, terminal.env);
    const { text, notes } = await importFolder(folderArgument(positionals));
    const name = values.out === STANDARD_OUTPUT ? "the imported policy" : values.out;
    const { warnings } = parsePolicy(text, name);
    if (values.out === STANDARD_OUTPUT) terminal.out(text);
    else await write(values.out, text);
    for (const note of notes) terminal.err(`note: ${note}\n`);
    for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
    return 0;
  },
};

function folderArgument([product, folder, ...rest]: readonly string[]): string {
  if (product !== "wso2") {
    const given = product === undefined ? "" : `, not "${product}"`;
    throw new WeirError("USAGE", `import from what? there is wso2${given}`);
  }
  if (!folder) throw new WeirError("USAGE", "which folder? give the one that the exports are in");
  if (rest.length > 0) throw new WeirError("USAGE", `one folder, not also: ${rest.join(" ")}`);
  return folder;
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: NodeJS.ErrnoException) => {
    throw new WeirError("IMPORT_UNREADABLE", `cannot write the policy ${file}: ${error.message}`, {
      cause: error,
    });
  });
}
