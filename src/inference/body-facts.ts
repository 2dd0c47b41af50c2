import { parseJson } from "../metering/json-object.js";
import { decodeUtf8 } from "../metering/utf8.js";
import { requestFields } from "./dialect.js";
import { type JsonToken, JsonTokens } from "./json-tokens.js";
import { isPayload, tokensOfPayload } from "./payload.js";
import { tokensOfBytes, tokensOfText } from "./text-tokens.js";

const QUOTE = 0x22;

/** Longer names are of no field, even with each character written as \uXXXX. */
const MAX_NAME_BYTES = 256;
/** Longer values are of no field: the longest are the ARNs that name models. */
const MAX_VALUE_BYTES = 2_048;

/**
 * What a message, a tool or a document adds to its text: OpenAI's models put three tokens around each message (OpenAI
 * cookbook, "How to count tokens with tiktoken").
 */
const TOKENS_PER_ENTRY = 3;

/** Where the names of members are part of the prompt: they describe tools and the form of the answer. */
const schemaMembers: ReadonlySet<string> = new Set([
  "tools",
  "functions",
  "toolConfig",
  "response_format",
  "text",
  "format",
  "output_format",
  "output_config",
]);

/** The names of fields that are members of the outermost object. */
const outerFields: ReadonlySet<string> = new Set(requestFields.filter((name) => !name.includes(".")));
/** The others, by the member that they are in and their own name. */
const innerFields: ReadonlySet<string> = new Set(requestFields.filter((name) => name.includes(".")));
const parents: ReadonlySet<string> = new Set([...innerFields].map((name) => name.replace(/\..*/, "")));

/** What the body of a request says, as far as it came. */
export interface BodyFacts {
  readonly isJson: boolean;
  /** The value of one of {@link requestFields}: a string, number, boolean or null; undefined if it has none of them. */
  field(name: string): unknown;
  /** Prompts in one list, as OpenAI's older completions take them; each is answered. At least 1. */
  readonly prompts: number;
  /** Estimated tokens of what is text, and of images and files in base64. */
  readonly textTokens: number;
  readonly payloadTokens: number;
  /** Whether the bytes stop within an image or a file. */
  readonly endsInPayload: boolean;
}

/** Reads a body in one pass. Never throws. */
export function readBody(bytes: Uint8Array): BodyFacts {
  const reader = new BodyReader(bytes);
  reader.read();
  return reader;
}

class BodyReader implements BodyFacts {
  isJson = true;
  textTokens = 0;
  payloadTokens = 0;
  endsInPayload = false;
  readonly #bytes: Uint8Array;
  readonly #tokens: JsonTokens;
  /** Where the values of fields are, quotes included: null for what is neither a string nor a scalar. */
  readonly #values = new Map<string, { readonly start: number; readonly end: number } | null>();
  /** The member of the outermost object that is being read. */
  #member: string | null = null;
  /** Whether its value is a list: of messages, tools or prompts. */
  #isList = false;
  /** The field whose value comes, at this depth. */
  #field: string | null = null;
  #fieldDepth = 0;
  #listedPrompts = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#tokens = new JsonTokens(bytes);
  }

  get prompts(): number {
    return Math.max(1, this.#listedPrompts);
  }

  field(name: string): unknown {
    const value = this.#values.get(name);
    if (!value || value.end - value.start > MAX_VALUE_BYTES) return undefined;
    return parseJson(decodeUtf8(this.#bytes.subarray(value.start, value.end)));
  }

  read(): void {
    let token = this.#tokens.next();
    this.isJson = token === "object" || token === "array";
    while (token !== "end" && token !== "cut" && token !== "malformed") {
      this.#take(token);
      token = this.#tokens.next();
    }
    const { start } = this.#tokens;
    if (token === "malformed") this.textTokens += tokensOfBytes(this.#bytes.length - start);
    if (token === "cut" && this.#bytes[start] === QUOTE) {
      this.endsInPayload = this.#takeText(start + 1, this.#bytes.length);
    }
  }

  #take(token: JsonToken): void {
    const { depth, isInObject, start, end } = this.#tokens;
    const field = depth === this.#fieldDepth ? this.#field : null;
    switch (token) {
      case "key":
        this.#takeKey(depth);
        break;
      case "object":
      case "array":
        if (depth === 2) this.#isList = token === "array";
        else if (depth === 3 && this.#isList) this.#takeEntry(token);
        break;
      case "string":
        if (field !== null) this.#values.set(field, { start, end });
        if (!isInObject && depth === 2) this.#countPrompt();
        if (field !== "model") this.#takeText(start + 1, end - 1);
        break;
      case "scalar":
        if (field !== null) this.#values.set(field, { start, end });
        // A token of text that is tokens already.
        if (!isInObject && isNumberStart(this.#bytes[start])) this.textTokens += 1;
    }
  }

  /** An element of a list that is a member of the outermost object. */
  #takeEntry(token: "object" | "array"): void {
    if (token === "object") this.textTokens += TOKENS_PER_ENTRY;
    else this.#countPrompt();
  }

  /** Of several members of one name the last counts, as with most parsers, so each forgets what was before it. */
  #takeKey(depth: number): void {
    const member = depth === 1 ? this.#tokens.text(MAX_NAME_BYTES) : this.#member;
    this.#member = member;
    this.#field = null;
    if (member === null) return;
    if (depth === 1) {
      this.#awaitField(outerFields, member, depth);
      if (member === "prompt") this.#listedPrompts = 0;
      if (parents.has(member)) this.#forgetMembersOf(member);
    } else if (depth === 2 && parents.has(member)) {
      this.#awaitField(innerFields, `${member}.${this.#tokens.text(MAX_NAME_BYTES)}`, depth);
    }
    if (depth > 1 && schemaMembers.has(member)) this.#takeText(this.#tokens.start + 1, this.#tokens.end - 1);
  }

  #awaitField(known: ReadonlySet<string>, name: string, depth: number): void {
    if (!known.has(name)) return;
    this.#field = name;
    this.#fieldDepth = depth;
    this.#values.set(name, null);
  }

  #forgetMembersOf(parent: string): void {
    for (const name of this.#values.keys()) if (name.startsWith(`${parent}.`)) this.#values.set(name, null);
  }

  #countPrompt(): void {
    if (this.#member === "prompt") this.#listedPrompts += 1;
  }

  /** Counts the text of a string and returns whether it is an image or a file. */
  #takeText(start: number, end: number): boolean {
    const isFile = isPayload(this.#bytes, start, end);
    if (isFile) this.payloadTokens += tokensOfPayload(end - start);
    else this.textTokens += tokensOfText(this.#bytes, start, end);
    return isFile;
  }
}

function isNumberStart(byte = 0): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}
