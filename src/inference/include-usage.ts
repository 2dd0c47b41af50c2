import { decodeUtf8 } from "../metering/utf8.js";
import { foldName, isSwitchedOn, operationOf } from "./dialect.js";
import { type JsonToken, JsonTokens } from "./json-tokens.js";

/** Longer scalars turn nothing on. */
const MAX_SWITCH_BYTES = 32;
/** Longer names are none of those looked for, even with each character written as \uXXXX. */
const MAX_NAME_BYTES = 128;

const encoder = new TextEncoder();

/** Where a value stands in the body: offsets of its first byte, and of the one behind its last. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/** The `stream_options` of a request. */
type StreamOptions =
  | { readonly kind: "absent" }
  | ({ readonly kind: "other" } & Place)
  | {
      readonly kind: "object";
      readonly start: number;
      readonly isEmpty: boolean;
      readonly includeUsage: (Place & { readonly isTrue: boolean }) | null;
    };

/** Whether requests to this path may have `stream_options`: OpenAI's chat completions and older completions. */
export function takesStreamOptions(path: string | undefined): boolean {
  return /\/completions$/.test(operationOf(path));
}

/**
 * The body of a request that asks for a stream, made to ask for the chunk with the usage at its end as well
 * (`stream_options.include_usage`, OpenAI API reference, chat completions). A request asks for one if any server takes
 * its `stream` for that. Every other byte stays as it is. Null where nothing is to be changed: it asks already, does not
 * stream, or is not a whole JSON object.
 */
export function askForUsage(body: Uint8Array): Uint8Array | null {
  const tokens = new JsonTokens(body);
  if (tokens.next() !== "object") return null;
  const rootStart = tokens.start;
  let isStream = false;
  let isStreamInOtherCase = false;
  let options: StreamOptions = { kind: "absent" };
  let token = tokens.next();
  // Of several members of one name the last counts, as it does for most parsers.
  while (token === "key") {
    const name = tokens.text(MAX_NAME_BYTES);
    const value = tokens.next();
    if (name === "stream") isStream = isOn(body, tokens, value);
    else if (name !== null && foldName(name) === "stream") isStreamInOtherCase ||= isOn(body, tokens, value);
    if (name === "stream_options") options = readOptions(body, tokens, value);
    else skipValue(tokens, value);
    token = tokens.next();
  }
  if (token !== "object-end" || tokens.next() !== "end") return null;
  if (!isStream && !isStreamInOtherCase) return null;
  return withUsage(body, rootStart, options);
}

function withUsage(body: Uint8Array, rootStart: number, options: StreamOptions): Uint8Array | null {
  switch (options.kind) {
    case "absent":
      // The object is not empty: `stream` is in it.
      return splice(body, rootStart + 1, rootStart + 1, '"stream_options":{"include_usage":true},');
    case "other":
      return splice(body, options.start, options.end, '{"include_usage":true}');
    case "object": {
      const { start, isEmpty, includeUsage } = options;
      if (includeUsage === null) {
        return splice(body, start + 1, start + 1, `"include_usage":true${isEmpty ? "" : ","}`);
      }
      return includeUsage.isTrue ? null : splice(body, includeUsage.start, includeUsage.end, "true");
    }
  }
}

/** Reads a value whose first token has just come, to its end. */
function readOptions(body: Uint8Array, tokens: JsonTokens, first: JsonToken): StreamOptions {
  const { start } = tokens;
  if (first !== "object") return { kind: "other", start, end: skipValue(tokens, first) };
  let isEmpty = true;
  let includeUsage: (Place & { isTrue: boolean }) | null = null;
  for (let token = tokens.next(); token === "key"; token = tokens.next()) {
    isEmpty = false;
    const isAsking = tokens.text(MAX_NAME_BYTES) === "include_usage";
    const value = tokens.next();
    const valueStart = tokens.start;
    const isValueTrue = isTrue(body, tokens, value);
    const end = skipValue(tokens, value);
    if (isAsking) includeUsage = { start: valueStart, end, isTrue: isValueTrue };
  }
  return { kind: "object", start, isEmpty, includeUsage };
}

/** Passes over a value whose first token has just come and returns where it ends. */
function skipValue(tokens: JsonTokens, first: JsonToken): number {
  if (first !== "object" && first !== "array") return tokens.end;
  const outside = tokens.depth - 1;
  let token: JsonToken = first;
  while (tokens.depth > outside && !isLast(token)) token = tokens.next();
  return tokens.end;
}

function isLast(token: JsonToken): boolean {
  return token === "end" || token === "cut" || token === "malformed";
}

function isTrue(body: Uint8Array, tokens: JsonTokens, token: JsonToken): boolean {
  return token === "scalar" && scalarOf(body, tokens) === "true";
}

/** Whether the string or scalar just read is one that {@link isSwitchedOn}. */
function isOn(body: Uint8Array, tokens: JsonTokens, token: JsonToken): boolean {
  if (token === "string") return isSwitchedOn(tokens.text(MAX_SWITCH_BYTES));
  if (token !== "scalar") return false;
  const scalar = scalarOf(body, tokens);
  return isSwitchedOn(scalar === "true" || Number(scalar));
}

function scalarOf(body: Uint8Array, { start, end }: JsonTokens): string {
  return end - start > MAX_SWITCH_BYTES ? "" : decodeUtf8(body.subarray(start, end));
}

/** A copy of the body with the bytes from `start` to `end` replaced. */
function splice(body: Uint8Array, start: number, end: number, text: string): Uint8Array {
  const inserted = encoder.encode(text);
  const result = new Uint8Array(body.length - (end - start) + inserted.length);
  result.set(body.subarray(0, start));
  result.set(inserted, start);
  result.set(body.subarray(end), start + inserted.length);
  return result;
}
