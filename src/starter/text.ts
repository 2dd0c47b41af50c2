import { dump } from "js-yaml";

/** Pieces of a policy file. Prose has a blank behind its #; what can be switched on has none. */

const options = { lineWidth: -1, quoteStyle: "double", flowLevel: 0, flowBracketPadding: true } as const;

/** A value on one line. */
export function inline(value: unknown): string {
  return dump(value, options).trimEnd();
}

/** Text on one line, in quotes whatever it is. */
export function quoted(text: string): string {
  return dump(text, { ...options, forceQuotes: true }).trimEnd();
}

const MAX_PROSE_LENGTH = 120;

/** What others have written, as a part of a comment: on one line, and nothing in it that YAML or a terminal minds. */
export function prose(text: string): string {
  return text
    .slice(0, MAX_PROSE_LENGTH)
    .replace(/[\p{C}\p{Z}]+/gu, " ")
    .trim();
}
