import { formatPath } from "../config/problem.js";
import type { Path } from "../config/yaml.js";

/** What an absent value looks like in a document that others wrote, where every scalar may have become text. */
const NOTHING = new Set(["", "null", "~"]);

/** Half a character, which no file could hold. */
const LONE_SURROGATE = /\p{Cs}/gu;

/**
 * A value of a document and where it stands. Readers are tolerant: what is missing, or of another type, is
 * undefined or empty, and a number or a boolean may stand there as text.
 */
export class Field {
  readonly file: string;
  readonly path: Path;
  readonly #value: unknown;

  constructor(file: string, value: unknown, path: Path = []) {
    this.file = file;
    this.path = path;
    this.#value = value;
  }

  /** `orders-v1/api.yaml: data.maxTps`. */
  get place(): string {
    return this.path.length === 0 ? this.file : `${this.file}: ${formatPath(this.path)}`;
  }

  get isThere(): boolean {
    const value = this.#value;
    return value !== undefined && value !== null && !(typeof value === "string" && NOTHING.has(value));
  }

  get isMapping(): boolean {
    return typeof this.#value === "object" && this.#value !== null && !Array.isArray(this.#value);
  }

  /** A part of it, by the keys that lead there. */
  at(...keys: readonly string[]): Field {
    return keys.reduce<Field>((field, key) => field.#part(key), this);
  }

  /** The first of the parts that is there, or else the first of the names. */
  either(...keys: readonly string[]): Field {
    const parts = keys.map((key) => this.at(key));
    return parts.find((part) => part.isThere) ?? parts[0] ?? this;
  }

  text(): string | undefined {
    if (!this.isThere) return undefined;
    const value = this.#value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return typeof value === "string" ? value.replace(LONE_SURROGATE, "\ufffd").trim() : undefined;
  }

  whole(): number | undefined {
    const text = this.text();
    return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
  }

  flag(): boolean | undefined {
    const text = this.text()?.toLowerCase();
    return text === "true" ? true : text === "false" ? false : undefined;
  }

  /** The items of a list; a value alone is a list of itself. */
  items(): Field[] {
    if (!this.isThere) return [];
    if (!Array.isArray(this.#value)) return [this];
    return this.#value.map((item, index) => new Field(this.file, item, [...this.path, index]));
  }

  entries(): [string, Field][] {
    if (!this.isMapping) return [];
    return Object.keys(this.#value as object).map((key) => [key, this.#part(key)]);
  }

  /** What the JSON text in it says; itself where it is no JSON text. */
  unpacked(): Field {
    const value = this.#value;
    if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return this;
    try {
      return new Field(this.file, JSON.parse(value), this.path);
    } catch {
      return this;
    }
  }

  #part(key: string): Field {
    const value = this.#value;
    const isThere = this.isMapping && Object.hasOwn(value as object, key);
    return new Field(this.file, isThere ? (value as Record<string, unknown>)[key] : undefined, [
      ...this.path,
      key,
    ]);
  }
}
