import { readFileSync } from "node:fs";
import type { ResponseHead } from "../../src/metering/format.js";
import { type Provider, providers } from "../../src/metering/providers.js";
import type { Usage } from "../../src/metering/usage.js";
import { headOf } from "./feeding.js";

const folder = "test/metering/samples";

/** A usage as the manifest writes it. */
interface ManifestUsage {
  input: number;
  output: number;
  total: number;
  cached_input: number;
  cache_write_input: number;
  reasoning: number;
  model: string | null;
  complete: boolean;
}

interface ManifestEntry {
  provider: string;
  content_type: string;
  headers?: Record<string, string>;
  expected: ManifestUsage | null;
}

/** A saved response, and what it used. */
export interface Sample {
  readonly name: string;
  readonly file: string;
  readonly provider: Provider;
  readonly headers: Readonly<Record<string, string>>;
  readonly head: ResponseHead;
  readonly body: Uint8Array;
  readonly used: Usage | null;
  /** As the manifest has it. */
  readonly expected: ManifestUsage | null;
}

const manifest: Record<string, ManifestEntry> = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));

export const samples: readonly Sample[] = Object.entries(manifest).map(([name, entry]) => {
  const provider = providers.find((known) => known === entry.provider);
  if (!provider) throw new Error(`${name} is of ${entry.provider}, which is no provider`);
  const headers = { "content-type": entry.content_type, ...entry.headers };
  return {
    name,
    file: `${folder}/${name}`,
    provider,
    headers,
    head: headOf(headers),
    body: new Uint8Array(readFileSync(`${folder}/${name}`)),
    used: entry.expected && usageOf(entry.expected),
    expected: entry.expected,
  };
});

/** Those that tell a usage. */
export const metered = samples.flatMap((sample) => (sample.used ? [{ ...sample, used: sample.used }] : []));

function usageOf({ cached_input, cache_write_input, ...rest }: ManifestUsage): Usage {
  return { ...rest, cachedInput: cached_input, cacheWriteInput: cache_write_input };
}
