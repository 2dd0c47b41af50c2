import { parseJson } from "../metering/json-object.js";
import { decodeUtf8 } from "../metering/utf8.js";
import { foldName, requestFields } from "./dialect.js";
import { type JsonToken, JsonTokens } from "./json-tokens.js";
import { isPayload, tokensOfPayload } from "./payload.js";
import { tokensOfBytes, tokensOfText } from "./text-tokens.js";

const QUOTE = 0x22;

/** Longer names are of no field, even with each character written as \uXXXX. */
const MAX_NAME_BYTES = 256;
/** Longer values are of no field: the longest are the ARNs that name models. */
const MAX_VALUE_BYTES = 2_048;
/** No honest request has more spellings of one name. */
const MAX_SPELLINGS = 64;

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

/** The fields by their folded names: members of the outermost object, and members of its members. */
const outerFields = byFoldedName(requestFields.filter((name) => !name.includes(".")));
const innerFields = byFoldedName(requestFields.filter((name) => name.includes(".")));
/** The members of the outermost object that have fields in them. */
const parents: ReadonlySet<string> = new Set([...innerFields.values()].map(parentOf));
/** All members of the outermost object that matter here. */
const members = byFoldedName([...outerFields.values(), ...parents, ...schemaMembers, "prompt"]);

/** What the body of a request says, as far as it came. */
export interface BodyFacts {
  /** Whether it may be JSON: false for what starts as something else. */
  readonly isJson: boolean;
  /** Whether the document has come to its end, and is JSON throughout. */
  readonly isWhole: boolean;
  /**
   * What one of {@link requestFields} has, by each spelling of its name: a string, number, boolean or null, undefined for
   * all else. Its own name comes first, undefined if it is not there; then the same in other cases. Servers in Go find
   * fields by names in any case (package encoding/json), most others do not, so any one of them may count.
   */
  valuesOf(name: string): readonly unknown[];
  /** Prompts in one list, as OpenAI's older completions take them; each is answered. At least 1. */
  readonly prompts: number;
  /** Estimated tokens of what is text, and of images and files in base64. */
  readonly textTokens: number;
  readonly payloadTokens: number;
}

/** Where a value is, quotes included. It is empty where it is neither a string nor a scalar. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/** Reads a body in one pass. Never throws. */
export function readBody(bytes: Uint8Array): BodyFacts {
  const reader = new BodyReader(bytes);
  reader.read();
  return reader;
}

class BodyReader implements BodyFacts {
  isJson = true;
  isWhole = false;
  textTokens = 0;
  payloadTokens = 0;
  readonly #bytes: Uint8Array;
  readonly #tokens: JsonTokens;
  /** Where the values of fields are, by name and then by spelling. */
  readonly #places = new Map<string, Map<string, Place>>();
  /** Where the last of each of {@link parents} starts, by spelling: what an earlier one had does not count. */
  readonly #parentStarts = new Map<string, number>();
  /** The member of the outermost object that is being read, null if it is none of {@link members}. */
  #member: string | null = null;
  #memberSpelling = "";
  /** Whether its value is a list: of messages, tools or prompts. */
  #isList = false;
  /** The field whose value comes, at this depth, and how it is spelled. */
  #field: string | null = null;
  #fieldSpelling = "";
  #fieldDepth = 0;
  #listedPrompts = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#tokens = new JsonTokens(bytes);
  }

  get prompts(): number {
    return Math.max(1, this.#listedPrompts);
  }

  valuesOf(name: string): readonly unknown[] {
    const places = this.#places.get(name) ?? new Map<string, Place>();
    const others = [...places.keys()].filter((spelling) => spelling !== name);
    const values = [name, ...others.slice(0, MAX_SPELLINGS)].map((spelling) =>
      this.#valueAt(places.get(spelling), parentOf(spelling)),
    );
    return others.length > MAX_SPELLINGS ? [...values, undefined] : values;
  }

  read(): void {
    if (isWideText(this.#bytes)) {
      this.textTokens = tokensOfBytes(this.#bytes.length);
      return;
    }
    let token = this.#tokens.next();
    this.isJson = token !== "malformed";
    while (token !== "end" && token !== "cut" && token !== "malformed") {
      this.#take(token);
      token = this.#tokens.next();
    }
    this.isWhole = token === "end";
    const { start } = this.#tokens;
    if (token === "malformed") this.textTokens += tokensOfBytes(this.#bytes.length - start);
    if (token === "cut" && this.#bytes[start] === QUOTE) this.#takeText(start + 1, this.#bytes.length);
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
        if (field !== null) this.#place(field, { start, end });
        if (!isInObject && depth === 2) this.#countPrompt();
        if (field !== "model") this.#takeText(start + 1, end - 1);
        break;
      case "scalar":
        if (field !== null) this.#place(field, { start, end });
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
    this.#field = null;
    if (depth === 1) {
      const name = this.#tokens.text(MAX_NAME_BYTES) ?? "";
      this.#member = members.get(foldName(name)) ?? null;
      this.#memberSpelling = name;
      this.#awaitField(outerFields, name, depth);
      if (name === "prompt") this.#listedPrompts = 0;
      if (this.#member !== null && parents.has(this.#member)) {
        this.#parentStarts.set(name, this.#tokens.start);
      }
      return;
    }
    if (this.#member === null) return;
    if (depth === 2 && parents.has(this.#member)) {
      this.#awaitField(innerFields, `${this.#memberSpelling}.${this.#tokens.text(MAX_NAME_BYTES)}`, depth);
    }
    if (schemaMembers.has(this.#member)) this.#takeText(this.#tokens.start + 1, this.#tokens.end - 1);
  }

  #awaitField(fields: ReadonlyMap<string, string>, spelling: string, depth: number): void {
    const field = fields.get(foldName(spelling));
    if (field === undefined) return;
    this.#field = field;
    this.#fieldSpelling = spelling;
    this.#fieldDepth = depth;
    const { start } = this.#tokens;
    this.#place(field, { start, end: start });
  }

  #place(field: string, place: Place): void {
    const places = this.#places.get(field) ?? new Map<string, Place>();
    this.#places.set(field, places.set(this.#fieldSpelling, place));
  }

  #valueAt(place: Place | undefined, parent: string): unknown {
    if (!place || place.start < (this.#parentStarts.get(parent) ?? 0)) return undefined;
    if (place.end - place.start > MAX_VALUE_BYTES) return undefined;
    return parseJson(decodeUtf8(this.#bytes.subarray(place.start, place.end)));
  }

  #countPrompt(): void {
    if (this.#member === "prompt") this.#listedPrompts += 1;
  }

  /** Counts the text of a string, which may be an image or a file. */
  #takeText(start: number, end: number): void {
    if (isPayload(this.#bytes, start, end)) this.payloadTokens += tokensOfPayload(end - start);
    else this.textTokens += tokensOfText(this.#bytes, start, end);
  }
}

function isNumberStart(byte = 0): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}

/** Whether it is in UTF-16 or UTF-32, which some servers read (RFC 4627, section 3): the first character is ASCII. */
function isWideText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4).includes(0);
}

function byFoldedName(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [foldName(name), name]));
}

/** The member of the outermost object that a field is in; the field itself where it is none of another. */
function parentOf(name: string): string {
  return name.replace(/\..*/s, "");
}
