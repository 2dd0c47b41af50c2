import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

/** An object of Kubernetes, as it is read from YAML. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: Json;
}

// biome-ignore lint/suspicious/noExplicitAny: schemas say what is in it, or Envoy does
export type Json = any;

// `strict` is about schemas, not about what they check: it does not know Kubernetes' formats.
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });

const schemas = ["envoy-gateway", "gateway-api", "istio"].flatMap((name) => {
  const schema = JSON.parse(readFileSync(`test/envoy-config/targets/schemas/${name}.json`, "utf8")) as {
    $defs: Readonly<Record<string, object>>;
  };
  ajv.addSchema(schema, name);
  return Object.keys(schema.$defs).map((kind) => [kind, `${name}#/$defs/${kind}`] as const);
});
const references = new Map(schemas);

/** What Kubernetes would refuse of an object, by its CustomResourceDefinition; nothing where it takes it. */
export function refusals(object: KubernetesObject): string[] {
  const check = ajv.getSchema(references.get(object.kind) ?? "");
  if (!check) return [`no schema of a ${object.kind}`];
  if (check(object)) return [];
  return (check.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
