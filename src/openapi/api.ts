import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { backendUrl, pickEnvironments } from "./backends.js";
import { ApiNames } from "./names.js";
import { type ResourceDraft, readResources } from "./resources.js";
import { readServers } from "./servers.js";

/** An API of a policy as far as its definition tells: nothing of limits. */
export interface ApiDraft {
  /** What people call it, and where that was read. */
  readonly title: string;
  readonly name: string;
  readonly version: string;
  readonly pathPrefix: string;
  /** The `url` of each backend. */
  readonly production: string;
  readonly sandbox: string | null;
  readonly resources: readonly ResourceDraft[];
}

/** Makes an API of each OpenAPI definition (3, or 2.0, which is Swagger); what is none is rejected. */
export function draftApis(documents: readonly Field[], notes: Notes): ApiDraft[] {
  const names = new ApiNames(notes);
  const definitions = documents.filter((document) => isDefinition(document, notes));
  return definitions.map((document) => {
    const { production, sandbox } = pickEnvironments(readServers(document, notes), notes);
    const name = names.name(document);
    const pathPrefix = names.prefix(production, name, definitions.length === 1);
    return {
      title: document.at("info", "title").text() ?? name.name,
      ...name,
      pathPrefix,
      production: backendUrl(production, pathPrefix),
      sandbox: sandbox && backendUrl(sandbox, pathPrefix),
      resources: readResources(document, notes),
    };
  });
}

function isDefinition(document: Field, notes: Notes): boolean {
  const version = document.either("openapi", "swagger");
  const text = version.text();
  if (text === undefined) {
    notes.reject(document, "is no OpenAPI definition: it has neither openapi nor swagger");
    return false;
  }
  if (/^3(\.|$)/.test(text) || /^2(\.0)?$/.test(text)) return true;
  notes.reject(version, `"${text}" is no version of OpenAPI that is read: there are 2.0 and 3`);
  return false;
}
