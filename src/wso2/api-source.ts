import type { Field } from "../document/field.js";
import type { Environment } from "../policy/policy.js";

/** An operation of an API, however its export spells it. */
export interface OperationSource {
  /** `GET`, or a verb that is none of HTTP's. */
  readonly verb: string;
  /** Path template. */
  readonly target: string;
  readonly tier: Field;
  /** Whether it takes requests without credentials. */
  readonly isOpen: boolean;
  readonly at: Field;
}

/** The most that a backend may get: a count of requests, and the unit of time of all its maxima. */
export interface MaximumSource {
  readonly requests: Field;
  readonly timeUnit: Field;
}

/** What an API's export says about limits, whichever of its shapes it has. */
export interface ApiSource {
  readonly at: Field;
  readonly name: Field;
  readonly version: Field;
  readonly context: Field;
  /** The path that it is served under, but for a version that WSO2 adds; may contain `{version}`. */
  readonly basePath: string;
  readonly addsVersion: boolean;
  /** WSO2 serves the default version without a version in its path, too. */
  readonly isDefault: boolean;
  /** HTTP, GRAPHQL, WS … */
  readonly type: Field;
  readonly status: Field;
  readonly tier: Field;
  readonly operations: readonly OperationSource[];
  /** Null where the export says nothing about endpoints. */
  readonly endpoints: Readonly<Record<Environment, Field>> | null;
  readonly maxima: Readonly<Record<Environment, MaximumSource>>;
  /** Maxima of tokens, in the unit of time of the requests' ones. */
  readonly tokens: Field;
  /** Whose AI it is; absent for other APIs. */
  readonly provider: Field;
}

/** Reads `api.yaml`: with `data` as apictl 4 writes it, or flat as API Manager 3 exported it. */
export function readApi(data: Field): ApiSource {
  const version = first(data.at("version"), data.at("id", "version"));
  const template = data.at("contextTemplate");
  const context = template.isThere ? template : data.at("context");
  const config = data.at("endpointConfig").unpacked();
  const endpoints = {
    production: config.at("production_endpoints"),
    sandbox: config.at("sandbox_endpoints"),
  };
  const isFlat = data.at("id").isMapping || data.at("uriTemplates").isThere;
  const path = basePath(context.text() ?? "", isFlat ? version.text() : undefined);
  const maximum = (environment: Environment): MaximumSource => ({
    requests: first(data.at("maxTps", environment), data.at(`${environment}MaxTps`)),
    timeUnit: first(data.at("maxTps", `${environment}TimeUnit`), data.at(`${environment}TimeUnit`)),
  });
  return {
    at: data,
    name: first(data.at("name"), data.at("id", "apiName")),
    version,
    context,
    basePath: path,
    addsVersion: !path.includes("{version}"),
    isDefault: data.at("isDefaultVersion").flag() ?? false,
    type: data.at("type"),
    status: data.either("lifeCycleStatus", "status"),
    tier: data.either("apiThrottlingPolicy", "apiLevelPolicy"),
    operations: data.either("operations", "uriTemplates").items().map(readOperation),
    endpoints: endpoints.production.isThere || endpoints.sandbox.isThere ? endpoints : null,
    maxima: { production: maximum("production"), sandbox: maximum("sandbox") },
    tokens: first(
      data.at("maxTps", "tokenBasedThrottlingConfiguration"),
      data.at("aiConfiguration", "throttlingConfiguration"),
    ),
    provider: readProvider(data),
  };
}

export function first(...fields: readonly [Field, ...Field[]]): Field {
  return fields.find((field) => field.isThere) ?? fields[0];
}

/** Old exports hold the context as it is served, with the version at its end; new ones without. */
function basePath(context: string, ownVersion: string | undefined): string {
  const path = `/${context.replace(/^\/+|\/+$/g, "")}`;
  const ends = ownVersion === undefined ? [] : ["/{version}", `/${ownVersion}`];
  const end = ends.find((end) => path.endsWith(end));
  return end === undefined ? path : path.slice(0, -end.length);
}

function readOperation(operation: Field): OperationSource {
  return {
    verb: (operation.either("verb", "httpVerb").text() ?? "").toUpperCase(),
    target: operation.either("target", "uriTemplate").text() ?? "",
    tier: operation.either("throttlingPolicy", "throttlingTier"),
    isOpen: /^none$/i.test(operation.at("authType").text() ?? ""),
    at: operation,
  };
}

function readProvider(data: Field): Field {
  const subtype = data.at("subtypeConfiguration");
  if (subtype.at("subtype").text()?.toUpperCase() === "AIAPI") {
    return subtype.either("_configuration", "configuration").unpacked().at("llmProviderName");
  }
  return data.at("aiConfiguration", "llmProviderName");
}
