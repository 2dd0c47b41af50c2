import { WeirError } from "../errors.js";
import { hashApiKey } from "../identity/api-key.js";
import { type Command, readArguments, type Terminal } from "./command.js";

export const hashKey: Command = {
  summary: "make the hash of an API key, as a policy holds it",
  help: `Usage: weir hash-key [KEY]

Prints sha256: and 64 hex digits, for apiKey in a policy file. Without KEY it reads the key from
standard input, which keeps it out of the shell's history:

  weir hash-key < key.txt

  KEY  the key`,

  async run(args, terminal) {
    const { positionals } = readArguments(args, {}, terminal.env);
    if (positionals.length > 1) throw new WeirError("USAGE", `one key, not ${positionals.length}`);
    const key = positionals[0] ?? (await keyFromInput(terminal));
    if (key === "") throw new WeirError("USAGE", "the key is empty");
    if (/[\r\n]/.test(key)) throw new WeirError("USAGE", "the key has more than one line: give one key");
    terminal.out(`sha256:${hashApiKey(key)}\n`);
    return 0;
  },
};

/** A line end behind the key is none of it. */
async function keyFromInput(terminal: Terminal): Promise<string> {
  const input = await terminal.read();
  return input.replace(/\r?\n$/, "");
}
