/** What a stream calls the next piece of a text; when that is over, it repeats the whole under another name. */
export const DELTA = "delta";

/** The members in which providers put what the model wrote, its reasoning and the arguments of its calls included. */
const names = [
  DELTA,
  "answer",
  "arguments",
  "completion",
  "content",
  "generated_text",
  "generation",
  "input",
  "output",
  "outputText",
  "partial_json",
  "reasoning",
  "reasoning_content",
  "refusal",
  "response",
  "text",
  "thinking",
  "tool_plan",
  "transcript",
];

export const textNames: ReadonlySet<string> = new Set(names);

/**
 * The start of a text in a JSON document, up to its first character; the name is captured. Text that talks about such
 * members has their quotes escaped, and so does not match.
 */
export const TEXT_START = new RegExp(`"(${names.join("|")})"\\s*:\\s*"`, "g");

const encoded = names.map((name) => Uint8Array.from(name, (letter) => letter.charCodeAt(0)));

/** Whether these bytes, from `start` to before `end`, are such a name. */
export function isTextName(bytes: Uint8Array, start: number, end: number): boolean {
  return encoded.some(
    (name) => name.length === end - start && name.every((byte, i) => bytes[start + i] === byte),
  );
}
