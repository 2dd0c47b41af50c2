import type { StreamRecord } from "../load/client.js";

const DONE = "[DONE]";

/** The text of a streamed chat completion, and what else its events had. */
export interface StreamText {
  readonly text: string;
  readonly hasUsage: boolean;
  /** Whether the last event is the one that says so. */
  readonly isDone: boolean;
}

interface Chunk {
  readonly choices: readonly { readonly delta?: { readonly content?: string } }[];
  readonly usage?: object | null;
}

/** An event that is no JSON is none of a model's: what is broken does not pass for whole. */
export function readStream(body: string): StreamText {
  const events = body
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^data: /, ""));
  let text = "";
  let hasUsage = false;
  for (const event of events) {
    const chunk = event === DONE ? null : parsed(event);
    text += chunk?.choices.map(({ delta }) => delta?.content ?? "").join("") ?? "";
    if (chunk?.usage) hasUsage = true;
  }
  return { text, hasUsage, isDone: events.at(-1) === DONE };
}

function parsed(event: string): Chunk {
  try {
    return JSON.parse(event) as Chunk;
  } catch {
    return { choices: [{ delta: { content: `broken: ${event}` } }] };
  }
}

/** Whether a client got the same text as another to the end. */
export function isSameStream({ status, isWhole, body }: StreamRecord, reference: string): boolean {
  const { text, isDone } = readStream(body);
  return status === 200 && isWhole && isDone && text === readStream(reference).text;
}
