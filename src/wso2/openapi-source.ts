import { type ApiSource, first, type OperationSource } from "./api-source.js";
import type { Field } from "./field.js";

const methods = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];

/** Reads an OpenAPI definition with WSO2's extensions, as its microgateways take them. */
export function readOpenApi(document: Field): ApiSource {
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
    operations: readOperations(document),
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
export function readOperations(document: Field): OperationSource[] {
  return document
    .at("paths")
    .entries()
    .flatMap(([target, path]) =>
      methods.flatMap((method): OperationSource[] => {
        const operation = path.at(method);
        if (!operation.isThere) return [];
        const isOpen =
          /^none$/i.test(operation.at("x-auth-type").text() ?? "") ||
          first(operation.at("x-wso2-disable-security"), document.at("x-wso2-disable-security")).flag() ===
            true;
        const tier = first(tierOf(operation), tierOf(path));
        return [{ verb: method.toUpperCase(), target, tier, isOpen, at: operation }];
      }),
    );
}

function tierOf(field: Field): Field {
  return field.either("x-wso2-throttling-tier", "x-throttling-tier");
}
