import { basename } from "node:path";
import { api as apiSchema } from "../config/schema/api.js";
import type { Field } from "../document/field.js";
import { toIdentifier } from "../document/identifier.js";
import type { Notes } from "../document/notes.js";
import { matchIdentities } from "../policy/api-index.js";
import { normalizePath } from "../policy/path.js";
import type { Server } from "./servers.js";

export interface ApiName {
  readonly name: string;
  readonly version: string;
}

/** Longer titles are cut: names stand in metrics and logs. */
const MAX_NAME_LENGTH = 64;

/** Gives APIs names and prefixes that no other has. */
export class ApiNames {
  readonly #refs = new Set<string>();
  readonly #prefixes = new Set<string>();
  readonly #notes: Notes;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** Names an API by its `info`, or else by its file. */
  name(document: Field): ApiName {
    const version = this.#version(document.at("info", "version"));
    const title = document.at("info", "title");
    const wanted = this.#identifier(title) ?? this.#byFile(title);
    const name = firstFree(wanted, (name) => !this.#refs.has(`${name}/${version}`));
    if (name !== wanted)
      this.#notes.add(title, `there is an API ${wanted}/${version} already: this one is called ${name}`);
    this.#refs.add(`${name}/${version}`);
    return { name, version };
  }

  /**
   * The prefix of an API: the path of its server, so that clients find it under the paths that they know.
   *
   * @param isAlone whether all requests are for this API
   */
  prefix({ path, at }: Server, { name, version }: ApiName, isAlone: boolean): string {
    if (path === "/" && isAlone) {
      this.#notes.add(at, "tells no path: the prefix is /, so all requests are for this API");
      return this.#take(path);
    }
    if (path !== "/" && isPrefix(path) && this.#isFree(path)) return this.#take(path);
    const prefix = firstFree(`/${name}/${version}`, (prefix) => this.#isFree(prefix));
    const why =
      path === "/"
        ? "tells no path that is this API's alone"
        : isPrefix(path)
          ? `tells the path ${path}, which is another API's`
          : `tells the path ${path}, which cannot be a prefix here`;
    this.#notes.add(at, `${why}: the prefix is ${prefix}, of which the backend sees nothing`);
    return this.#take(prefix);
  }

  #isFree(pathPrefix: string): boolean {
    return !matchIdentities({ hosts: [], pathPrefix }).some((identity) => this.#prefixes.has(identity));
  }

  #take(pathPrefix: string): string {
    for (const identity of matchIdentities({ hosts: [], pathPrefix })) this.#prefixes.add(identity);
    return pathPrefix;
  }

  #identifier(title: Field): string | null {
    return toIdentifier((title.text() ?? "").slice(0, MAX_NAME_LENGTH))?.toLowerCase() ?? null;
  }

  #byFile(title: Field): string {
    const name = toIdentifier(basename(title.file).replace(/\.\w+$/, ""))?.toLowerCase() ?? "api";
    this.#notes.add(title, `has nothing that could be a name: the API is called ${name}, by its file`);
    return name;
  }

  #version(field: Field): string {
    const text = field.text();
    const version = toIdentifier((text ?? "").slice(0, MAX_NAME_LENGTH)) ?? "v1";
    if (text === undefined) this.#notes.add(field, `is not there: the version is ${version}`);
    else if (version !== text) this.#notes.add(field, `"${text}" becomes "${version}"`);
    return version;
  }
}

/** Whether requests under the path can be told by it: spelt as they are when they are matched. */
function isPrefix(path: string): boolean {
  return apiSchema.shape.match.safeParse({ pathPrefix: path }).success && normalizePath(path) === path;
}

/** The text, or the first of `text-2`, `text-3` … that is free. */
export function firstFree(text: string, isFree: (text: string) => boolean): string {
  let free = text;
  for (let count = 2; !isFree(free); count++) free = `${text}-${count}`;
  return free;
}
