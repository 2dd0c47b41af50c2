import type { Field } from "../document/field.js";
import type { Notes } from "../document/notes.js";
import { readOperations } from "../openapi/operations.js";
import { type ApiSource, first, type OperationSource } from "./api-source.js";

/** Reads an OpenAPI definition with WSO2's extensions, as its microgateways take them. */
export function readOpenApi(document: Field, notes: Notes): ApiSource {
  const endpoints = {
    production: document.at("x-wso2-production-endpoints"),
    sandbox: document.at("x-wso2-sandbox-endpoints"),
  };
  const version = document.at("info", "version");
  const context = document.at("x-wso2-basePath");
  const none = document.at("maxTps");
  return {
    at: document,
    name: document.at("info", "title"),
    version,
    context,
    basePath: context.text() ?? "",
    addsVersion: false,
    isDefault: false,
    type: none,
    status: none,
    tier: tierOf(document),
    operations: operationSources(document, notes),
    endpoints: endpoints.production.isThere || endpoints.sandbox.isThere ? endpoints : null,
    maxima: {
      production: { requests: none, timeUnit: none },
      sandbox: { requests: none, timeUnit: none },
    },
    tokens: none,
    provider: none,
  };
}

/** The operations of a definition, with the tier that stands at the operation or above it. */
export function operationSources(document: Field, notes: Notes): OperationSource[] {
  return readOperations(document, notes).map(({ method, path, at, item }) => {
    const isOpen =
      /^none$/i.test(at.at("x-auth-type").text() ?? "") ||
      first(at.at("x-wso2-disable-security"), document.at("x-wso2-disable-security")).flag() === true;
    return { verb: method, target: path, tier: first(tierOf(at), tierOf(item)), isOpen, at };
  });
}

function tierOf(field: Field): Field {
  return field.either("x-wso2-throttling-tier", "x-throttling-tier");
}
