import { Field } from "../../src/document/field.js";
import { Notes } from "../../src/document/notes.js";
import { draftApis } from "../../src/openapi/api.js";

/** The APIs that definitions come to, and what is told of them. The files are called `a.yaml`, `b.yaml` … */
export function draft(...definitions: readonly object[]) {
  const notes = new Notes();
  const documents = definitions.map((value, i) => new Field(`${String.fromCharCode(97 + i)}.yaml`, value));
  const apis = draftApis(documents, notes);
  return { apis, notes: notes.notes, mistakes: notes.mistakes };
}

/** A definition of OpenAPI 3 in which nothing is to be told, but for what is given in its place. */
export function definition(parts: object = {}): object {
  return {
    openapi: "3.0.3",
    info: { title: "Orders", version: "v1" },
    servers: [{ url: "https://api.example.com/orders" }],
    paths: { "/items": { get: {} } },
    ...parts,
  };
}
