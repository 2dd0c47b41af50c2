import { inOneLine } from "../config/problem.js";
import type { Field } from "./field.js";

interface Note {
  readonly at: Field;
  readonly message: string;
}

/** Collects what is to be told about documents that a policy is made of, each with its place and what to do. */
export class Notes {
  readonly #notes: Note[] = [];
  readonly #mistakes: Note[] = [];

  /** What has no counterpart, or means something else in weir. */
  add(at: Field, message: string): void {
    this.#notes.push({ at, message });
  }

  /** What keeps it from being read at all. */
  reject(at: Field, message: string): void {
    this.#mistakes.push({ at, message });
  }

  get notes(): string[] {
    return inOrder(this.#notes);
  }

  get mistakes(): string[] {
    return inOrder(this.#mistakes);
  }
}

/** One line each, those of one file together. */
function inOrder(notes: readonly Note[]): string[] {
  const byFile = [...notes].sort((a, b) => (a.at.file < b.at.file ? -1 : Number(a.at.file > b.at.file)));
  return byFile.map(({ at, message }) => inOneLine(`${at.place}: ${message}`));
}
