import { type ParseArgsConfig, parseArgs } from "node:util";
import { WeirError } from "../errors.js";
import { type Address, parseAddress } from "../net/address.js";

/** What a command reads and writes, so that it can run without a process of its own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  err(text: string): void;
  /** All of standard input, where there is any. */
  read(): Promise<string>;
  /** Resolves when the process is asked to stop. */
  untilStopped(): Promise<void>;
}

export interface Command {
  readonly summary: string;
  readonly help: string;
  /** Returns the exit code. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** A flag with a value; each can also be given as `WEIR_<NAME>` in the environment. */
export interface Flag {
  readonly placeholder: string;
  /** Empty: without it. */
  readonly fallback: string;
  readonly about: string;
}

/** Splits a command line into its positional arguments and flags. Throws USAGE. */
export function readArguments<F extends Readonly<Record<string, Flag>>>(
  args: readonly string[],
  flags: F,
  env: Terminal["env"],
): { positionals: string[]; values: { readonly [K in keyof F]: string } } {
  const options = Object.fromEntries(Object.keys(flags).map((name) => [name, { type: "string" as const }]));
  const { positionals, values } = readOptions(args, options);
  const resolved = Object.entries(flags).map(([name, { fallback }]) => [
    name,
    values[name] ?? env[environmentName(name)] ?? fallback,
  ]);
  return { positionals, values: Object.fromEntries(resolved) };
}

/** Splits a command line into its positional arguments and the options that were given. Throws USAGE. */
export function readOptions<const O extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: O,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new WeirError("USAGE", (error as Error).message, { cause: error });
  }
}

/** The lines of a help text that describe flags. */
export function describeFlags(flags: Readonly<Record<string, Flag>>): string {
  const rows = Object.entries(flags).map(([name, { placeholder, fallback, about }]) => ({
    left: `--${name} ${placeholder}`,
    right: `${about} (${environmentName(name)}; default ${fallback || "none"})`,
  }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, right }) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}

/** The policy file of a command line: its only argument, or WEIR_POLICY. Throws USAGE. */
export function policyArgument(positionals: readonly string[], env: Terminal["env"]): string {
  const [file = env["WEIR_POLICY"], ...rest] = positionals;
  if (!file) throw new WeirError("USAGE", "which policy? give the path of the policy file");
  if (rest.length > 0) throw new WeirError("USAGE", `one policy file, not also: ${rest.join(" ")}`);
  return file;
}

/** An address that a flag gives. Throws USAGE. */
export function readAddress(flag: string, text: string): Address {
  const parsed = parseAddress(text);
  if (parsed) return parsed;
  throw new WeirError(
    "USAGE",
    `--${flag} must be host:port, [ipv6]:port or unix:/path of at most 107 bytes, not "${text}"`,
  );
}

function environmentName(flag: string): string {
  return `WEIR_${flag.toUpperCase().replaceAll("-", "_")}`;
}
