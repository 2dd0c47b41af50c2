import { posix } from "node:path";
import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { type ApiSource, readApi } from "./api-source.js";
import { operationSources, readOpenApi } from "./openapi-source.js";

/** The APIs among the exports. A definition belongs to the API of its project, or is an API of its own. */
export function apiSources(apis: readonly Field[], definitions: readonly Field[], notes: Notes): ApiSource[] {
  const definitionOf = new Map(definitions.map((definition) => [projectOf(definition), definition]));
  const projects = new Set(apis.map(projectOf));
  const exported = apis.map((data) => {
    const source = readApi(data);
    const definition = definitionOf.get(projectOf(data));
    if (source.operations.length > 0 || !definition) return source;
    return { ...source, operations: operationSources(definition, notes) };
  });
  const alone = definitions.filter((definition) => !projects.has(projectOf(definition)));
  return [...exported, ...alone.flatMap((definition) => readAlone(definition, notes) ?? [])];
}

function readAlone(definition: Field, notes: Notes): ApiSource | undefined {
  if (definition.at("x-wso2-basePath").isThere) return readOpenApi(definition, notes);
  notes.add(definition, "a definition without x-wso2-basePath belongs to no API: it is passed over");
  return undefined;
}

/** The folder of an API's project: definitions stand in one below it. */
function projectOf({ file }: Field): string {
  const folder = posix.dirname(file);
  return /^(definitions|meta-information)$/i.test(posix.basename(folder)) ? posix.dirname(folder) : folder;
}
