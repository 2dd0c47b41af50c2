import { readFile } from "node:fs/promises";
import { compileSource } from "../config/compile-ai.js";
import { ai } from "../config/schema/ai.js";
import { WeirError } from "../errors.js";
import { createBodyDecoder } from "../inflate/body-decoder.js";
import { knownCodings } from "../inflate/codings.js";
import type { ResponseHead } from "../metering/format.js";
import { customFigures } from "../metering/formats/custom.js";
import { createMeter } from "../metering/meter.js";
import { providers, type UsageSource } from "../metering/providers.js";
import type { Usage } from "../metering/usage.js";
import { type Command, readOptions, type Terminal } from "./command.js";

const WHOLE = String(Number.MAX_SAFE_INTEGER);

const options = {
  provider: { type: "string" },
  usage: { type: "string", multiple: true },
  path: { type: "string" },
  "content-type": { type: "string" },
  "content-encoding": { type: "string" },
  header: { type: "string", multiple: true },
  chunk: { type: "string" },
} as const;

export const meter: Command = {
  summary: "print the usage that a saved response tells",
  help: `Usage: weir meter FILE [flags]

Reads the body of a response as weir does beside Envoy, and prints the tokens that it tells as JSON,
or null where it tells none. For when a count looks wrong.

  FILE                     the body, byte for byte as it was received
  --provider NAME          whose response it is; found out where it is left out:
                           ${providers.slice(0, 6).join(", ")},
                           ${providers.slice(6, 10).join(", ")},
                           ${providers.slice(10).join(", ")}
  --usage FIGURE=PLACE     of any other provider, where it tells what it used: a JSON pointer, or
                           header:NAME; may be given several times
  --path PATH              the path that was asked for, which may tell provider and model
  --content-type TYPE      of the response
  --content-encoding NAME  of the response, if it is compressed: ${knownCodings.join(", ")}
  --header 'NAME: VALUE'   any header of the response; may be given several times
  --chunk BYTES            reads the body in pieces of so many bytes`,

  async run(args, terminal) {
    const { positionals, values } = readOptions(args, options);
    const { file, source, chunkBytes } = {
      file: fileArgument(positionals),
      source: sourceArgument(values.provider, values.usage ?? []),
      chunkBytes: chunkArgument(values.chunk ?? WHOLE),
    };
    const headers = new Map((values.header ?? []).map(headerArgument));
    for (const name of ["content-type", "content-encoding"] as const) {
      const value = values[name];
      if (value !== undefined) headers.set(name, value);
    }
    const head = { path: values.path, header: (name: string) => headers.get(name) };
    const usage = await readUsage(await readBody(file), source, head, chunkBytes, terminal);
    terminal.out(`${JSON.stringify(usage && namesOf(usage), null, 2)}\n`);
    return 0;
  },
};

function fileArgument([file, ...rest]: readonly string[]): string {
  if (!file) throw new WeirError("USAGE", "which response? give the path of a file with its body");
  if (rest.length > 0) throw new WeirError("USAGE", `one response, not also: ${rest.join(" ")}`);
  return file;
}

function sourceArgument(name: string | undefined, usage: readonly string[]): UsageSource {
  if (usage.length > 0) {
    if (name !== undefined && name !== "custom")
      throw new WeirError("USAGE", "--usage is for other providers than those of --provider");
    return customSource(usage);
  }
  if (name === undefined) return { provider: "detected" };
  const provider = providers.find((known) => known === name);
  if (provider) return { provider };
  if (name === "custom") throw new WeirError("USAGE", "--provider custom takes --usage FIGURE=PLACE");
  throw new WeirError("USAGE", `--provider must be one of ${providers.join(", ")}, not "${name}"`);
}

/** As a policy says it, and checked as there. */
function customSource(places: readonly string[]): UsageSource {
  const usage = Object.fromEntries(
    places.map((text) => {
      const [, name = "", header, pointer] = /^(\w+)=(?:header:(.*)|(.*))$/s.exec(text) ?? [];
      const figure = customFigures.find((known) => known === name);
      if (!figure) {
        const known = customFigures.join(", ");
        throw new WeirError("USAGE", `--usage must be FIGURE=PLACE with a figure of ${known}, not "${text}"`);
      }
      return [figure, header === undefined ? pointer : { header }];
    }),
  );
  const { data, error } = ai.safeParse({ provider: "custom", usage });
  if (data) return compileSource(data);
  const [issue] = error.issues;
  throw new WeirError("USAGE", `--usage ${issue?.path.slice(1).join(" ")} ${issue?.message}`, {
    cause: error,
  });
}

function headerArgument(text: string): [name: string, value: string] {
  const [, name = "", value = ""] = /^([^\s:]+):\s*(.*?)\s*$/s.exec(text) ?? [];
  if (name === "") throw new WeirError("USAGE", `--header must be 'NAME: VALUE', not "${text}"`);
  return [name.toLowerCase(), value];
}

function chunkArgument(value: string): number {
  if (/^[1-9]\d*$/.test(value)) return Number(value);
  throw new WeirError("USAGE", `--chunk must be a whole number of bytes, not "${value}"`);
}

async function readBody(file: string): Promise<Uint8Array> {
  return readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new WeirError("RESPONSE_UNREADABLE", `cannot read the response ${file}: ${error.message}`, {
      cause: error,
    });
  });
}

async function readUsage(
  body: Uint8Array,
  source: UsageSource,
  head: ResponseHead,
  chunkBytes: number,
  terminal: Terminal,
): Promise<Usage | null> {
  const meter = createMeter(source, head);
  const encoding = head.header("content-encoding");
  const decoder = createBodyDecoder(encoding, (bytes) => meter.push(bytes));
  if (!decoder) {
    const known = knownCodings.join(", ");
    throw new WeirError("USAGE", `a content encoding can be one of ${known} here, not "${encoding}"`);
  }
  for (let at = 0; at < body.length; at += chunkBytes) await decoder.push(body.subarray(at, at + chunkBytes));
  await decoder.end();
  if (decoder.failure) terminal.err(`warning: ${FAILURES[decoder.failure]}: what is behind is not read\n`);
  return meter.end(decoder.failure === null ? "complete" : "cut");
}

const FAILURES = {
  corrupt: "the body is not what its content encoding says",
  "too-large": "the body inflates to more than weir reads",
};

/** The names that metering has in files and in other languages. */
function namesOf({ cachedInput, cacheWriteInput, model, complete, reasoning, ...rest }: Usage) {
  return {
    ...rest,
    cached_input: cachedInput,
    cache_write_input: cacheWriteInput,
    reasoning,
    model,
    complete,
  };
}
