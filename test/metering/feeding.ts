import fc from "fast-check";
import type { ResponseHead } from "../../src/metering/format.js";
import { createMeter, type Meter } from "../../src/metering/meter.js";
import type { UsageSource } from "../../src/metering/providers.js";
import type { Usage } from "../../src/metering/usage.js";

const encoder = new TextEncoder();

/** Where to cut a body of any length, as shares of it. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });

/** A copy. Not by `slice`, which for a Buffer is a view. */
export function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? encoder.encode(body) : new Uint8Array(body);
}

/** The pieces of a body cut at the given shares of its length, some of them empty. */
export function pieces(body: string | Uint8Array, shares: readonly number[]): Uint8Array[] {
  const bytes = bytesOf(body);
  const ends = [...shares].sort((a, b) => a - b).map((share) => Math.round(share * bytes.length));
  return [...ends, bytes.length].map((end, i) => bytes.slice(ends[i - 1] ?? 0, end));
}

export function singleBytes(body: string | Uint8Array): Uint8Array[] {
  return Array.from(bytesOf(body), (byte) => Uint8Array.of(byte));
}

/** Pushes each chunk and then overwrites it, as a caller who reuses its buffers would. */
export function feed(meter: Meter, chunks: Iterable<Uint8Array>): Usage | null {
  for (const chunk of chunks) {
    meter.push(chunk);
    chunk.fill(0x22);
  }
  return meter.end("complete");
}

/** What is known of a response with these headers, by lower-case name. */
export function headOf(headers: Readonly<Record<string, string>> = {}, path?: string): ResponseHead {
  return { path, header: (name) => headers[name] };
}

export type Body = string | Uint8Array | Iterable<Uint8Array>;

/** What a response of these chunks, or of this body in one piece, used. */
export function usageOf(source: UsageSource, body: Body, head: ResponseHead = headOf()): Usage | null {
  const isWhole = typeof body === "string" || body instanceof Uint8Array;
  return feed(createMeter(source, head), isWhole ? [bytesOf(body)] : body);
}

/** The same, of an OpenAI response. */
export function openAiUsage(body: Body, contentType?: string): Usage | null {
  const headers: Record<string, string> = contentType === undefined ? {} : { "content-type": contentType };
  return usageOf({ provider: "openai" }, body, headOf(headers));
}

export const countNames = [
  "input",
  "output",
  "total",
  "cachedInput",
  "cacheWriteInput",
  "reasoning",
] as const;
