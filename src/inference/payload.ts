import { tokensOfBytes } from "./text-tokens.js";

const ZERO = 0x30;
const SEVEN = 0x37;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/**
 * What an image or a file that is sent along comes to at most, in tokens, however many bytes it has: OpenAI's and
 * Gemini's models take 258 to 1,105 for an ordinary image, Claude up to about 1,600. A long document takes more.
 */
const PAYLOAD_TOKENS = 1_000;

/** Shorter ones without a space may be words or keys; they are counted as text, which comes to less than a payload. */
const MIN_BASE64_BYTES = 512;

/** How far into a string the `;base64,` of a data URL (RFC 2397) is looked for: media types are short. */
const MAX_DATA_URL_PREFIX_BYTES = 256;

const dataScheme = bytesOf("data:");
const dataMarker = bytesOf(";base64,");

/** Base64 and its URL alphabet. The backslash is for `\/`, `\n` and `\u002B`, which some write within it. */
const isBase64Byte = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9+/=_\\-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/**
 * Whether the text of a JSON string is an image or a file in base64, with or without a data URL around it. All of it has
 * to be: a prompt that only starts so is text.
 */
export function isPayload(bytes: Uint8Array, start: number, end: number): boolean {
  const dataStart = skipDataUrlPrefix(bytes, start, end);
  if (dataStart === start && end - start < MIN_BASE64_BYTES) return false;
  for (let at = dataStart; at < end; at++) {
    const byte = bytes[at] as number;
    if (isBase64Byte[byte] !== 1 || (byte === BACKSLASH && startsWideEscape(bytes, at, end))) return false;
  }
  return true;
}

/** Roughly the tokens of an image or a file of this many bytes, as they are sent. */
export function tokensOfPayload(bytes: number): number {
  return Math.min(PAYLOAD_TOKENS, tokensOfBytes(bytes));
}

/** Where the data of a data URL starts, or `start` where there is none. */
function skipDataUrlPrefix(bytes: Uint8Array, start: number, end: number): number {
  if (!hasAt(bytes, start, end, dataScheme)) return start;
  const last = Math.min(end, start + MAX_DATA_URL_PREFIX_BYTES);
  for (let at = start; at < last; at++) {
    if (hasAt(bytes, at, end, dataMarker)) return at + dataMarker.length;
  }
  return start;
}

/**
 * Whether a character that is not ASCII is written as \uXXXX here. Text may have nothing else, in scripts without spaces.
 */
function startsWideEscape(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 4 >= end || bytes[at + 1] !== LOWER_U) return false;
  return bytes[at + 2] !== ZERO || bytes[at + 3] !== ZERO || (bytes[at + 4] as number) > SEVEN;
}

function hasAt(bytes: Uint8Array, at: number, end: number, expected: Uint8Array): boolean {
  return at + expected.length <= end && expected.every((byte, i) => bytes[at + i] === byte);
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
