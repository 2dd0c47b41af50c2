import { WeirError } from "../errors.js";
import type { Command, Terminal } from "./command.js";
import { envoy } from "./envoy.js";
import { hashKey } from "./hash-key.js";
import { importCommand } from "./import.js";
import { init } from "./init.js";
import { meter } from "./meter.js";
import { serve } from "./serve.js";
import { validate } from "./validate.js";

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({ init, validate, envoy, serve, "hash-key": hashKey, import: importCommand, meter }),
);

/** Runs one command line. Returns the exit code; what is wrong is said on standard error. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      terminal.out(`${overview()}\n`);
      return name === undefined ? 2 : 0;
    }
    const command = commands.get(name);
    if (!command)
      throw new WeirError("USAGE", `unknown command "${name}"; there are ${[...commands.keys()].join(", ")}`);
    if (rest.includes("--help") || rest.includes("-h")) {
      terminal.out(`${command.help}\n`);
      return 0;
    }
    return await command.run(rest, terminal);
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    terminal.err(`weir: ${error.message}\n`);
    if (error.code === "USAGE") terminal.err("Try: weir --help\n");
    return error.exitCode;
  }
}

function overview(): string {
  const rows = [...commands].map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`);
  return `weir decides beside Envoy which requests a backend can carry.

Usage: weir COMMAND [arguments]

${rows.join("\n")}

weir COMMAND --help tells more.`;
}
