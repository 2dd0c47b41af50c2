import fc from "fast-check";
import { createMeter, type Meter } from "../../src/metering/meter.js";
import type { Usage } from "../../src/metering/usage.js";

const encoder = new TextEncoder();

/** Where to cut a body of any length, as shares of it. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });

export function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? encoder.encode(body) : body;
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
  return meter.end();
}

/** What an OpenAI response of these chunks, or of this body in one piece, used. */
export function openAiUsage(
  body: string | Uint8Array | Iterable<Uint8Array>,
  contentType?: string,
): Usage | null {
  const isWhole = typeof body === "string" || body instanceof Uint8Array;
  return feed(createMeter({ provider: "openai", contentType }), isWhole ? [bytesOf(body).slice()] : body);
}
