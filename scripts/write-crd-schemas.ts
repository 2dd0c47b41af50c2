import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "js-yaml";

// Writes what the tests know of Kubernetes' objects to test/envoy-config/targets/schemas, from the
// CustomResourceDefinitions in the Go modules of Envoy Gateway and Istio. Run it where Go is, after `npm run build`,
// when a newer version is to be checked against: node dist/scripts/write-crd-schemas.js

const FOLDER = "test/envoy-config/targets/schemas";

interface Source {
  readonly module: string;
  readonly files: readonly string[];
  readonly kinds: readonly string[];
}

const GENERATED = "charts/gateway-helm/charts/crds/crds/generated/gateway.envoyproxy.io";

const sources: Readonly<Record<string, Source>> = {
  "envoy-gateway": {
    module: "github.com/envoyproxy/gateway@v1.9.1",
    files: [
      ...[
        "backends",
        "clienttrafficpolicies",
        "envoyextensionpolicies",
        "envoypatchpolicies",
        "envoyproxies",
      ],
      ...["httproutefilters", "securitypolicies"],
    ].map((plural) => `${GENERATED}_${plural}.yaml`),
    kinds: [
      ...["Backend", "ClientTrafficPolicy", "EnvoyExtensionPolicy", "EnvoyPatchPolicy", "EnvoyProxy"],
      ...["HTTPRouteFilter", "SecurityPolicy"],
    ],
  },
  "gateway-api": {
    module: "github.com/envoyproxy/gateway@v1.9.1",
    files: ["charts/gateway-helm/charts/crds/crds/gatewayapi-crds.yaml"],
    kinds: ["HTTPRoute", "ReferenceGrant"],
  },
  istio: {
    module: "istio.io/api@v1.31.1",
    files: ["kubernetes/customresourcedefinitions.gen.yaml"],
    kinds: ["DestinationRule", "EnvoyFilter", "ServiceEntry", "VirtualService"],
  },
};

/** Fields that weir has nothing to say in, and that are most of their schema. */
const unused: Readonly<Record<string, readonly string[]>> = { EnvoyProxy: ["provider"] };

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Schema = { [key: string]: Json };

interface Definition {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { name: string; schema: { openAPIV3Schema: Schema } }[];
  };
}

/** A schema's parts that are schemas themselves. */
const single = ["items", "additionalProperties", "not"];
const several = ["allOf", "anyOf", "oneOf"];

/** The same schema, whose subschemas `change` has gone over. */
function overParts(schema: Schema, change: (part: Schema) => Json): Schema {
  const part = (value: Json) =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? change(value) : value;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]): [string, Json] => {
      if (single.includes(key)) return [key, part(value)];
      if (several.includes(key)) return [key, (value as Json[]).map(part)];
      if (key !== "properties") return [key, value];
      return [key, Object.fromEntries(Object.entries(value as Schema).map(([name, of]) => [name, part(of)]))];
    }),
  );
}

/** Refuses fields that it does not name, and is without what only people read or a cluster checks. */
function closed(schema: Schema): Schema {
  const kept = overParts(schema, closed);
  const isOpen = kept["x-kubernetes-preserve-unknown-fields"] === true;
  for (const key of Object.keys(kept)) {
    if (key === "description" || key === "default" || key.startsWith("x-kubernetes-")) delete kept[key];
  }
  if (kept["properties"] && !isOpen) kept["additionalProperties"] ??= false;
  return kept;
}

function schemaOf({ spec: { group, names, versions } }: Definition): Schema {
  const [first] = versions;
  if (!first) throw new Error(`${names.kind} has no version`);
  const {
    metadata: _,
    status: __,
    ...properties
  } = closed(first.schema.openAPIV3Schema)["properties"] as Schema;
  for (const field of unused[names.kind] ?? []) {
    delete ((properties["spec"] as Schema)["properties"] as Schema)[field];
  }
  const all = {
    ...properties,
    apiVersion: { enum: versions.map(({ name }) => `${group}/${name}`) },
    kind: { const: names.kind },
    metadata: { type: "object" },
  };
  return {
    type: "object",
    properties: all,
    required: ["apiVersion", "kind", "metadata", "spec"],
    additionalProperties: false,
  };
}

/** Says what is said more than once in one place. */
function shared(schemas: Readonly<Record<string, Schema>>): Record<string, Schema> {
  const times = new Map<string, number>();
  const count = (schema: Schema): Json => {
    const text = JSON.stringify(schema);
    times.set(text, (times.get(text) ?? 0) + 1);
    return overParts(schema, count);
  };
  for (const schema of Object.values(schemas)) count(schema);
  const names = new Map<string, string>();
  const defs: Record<string, Schema> = {};
  const share = (schema: Schema): Json => {
    const text = JSON.stringify(schema);
    if (text.length < 150 || times.get(text) === 1) return overParts(schema, share);
    const name = names.get(text) ?? `shared-${names.size + 1}`;
    if (!names.has(text)) {
      names.set(text, name);
      defs[name] = overParts(schema, share);
    }
    return { $ref: `#/$defs/${name}` };
  };
  for (const [kind, schema] of Object.entries(schemas)) defs[kind] = overParts(schema, share);
  return defs;
}

mkdirSync(FOLDER, { recursive: true });
for (const [name, { module, files, kinds }] of Object.entries(sources)) {
  const { Dir } = JSON.parse(
    execFileSync("go", ["mod", "download", "-json", module], { encoding: "utf8", cwd: "/" }),
  ) as { Dir: string };
  const definitions = files
    .flatMap((file) => loadAll(readFileSync(join(Dir, file), "utf8")) as (Definition | null)[])
    .filter((found) => found?.kind === "CustomResourceDefinition" && kinds.includes(found.spec.names.kind));
  const schemas = Object.fromEntries(
    definitions.flatMap((found) => (found ? [[found.spec.names.kind, schemaOf(found)]] : [])),
  );
  const lines = Object.entries(shared(schemas))
    .map(([key, schema]) => `${JSON.stringify(key)}: ${JSON.stringify(schema)}`)
    .join(",\n");
  const comment = `Made of the CustomResourceDefinitions in ${module} (Apache-2.0) by scripts/write-crd-schemas.ts: without descriptions, defaults and CEL rules, and closed to fields that they do not name.`;
  writeFileSync(
    join(FOLDER, `${name}.json`),
    `{\n"$comment": ${JSON.stringify(comment)},\n"$defs": {\n${lines}\n}\n}\n`,
  );
}
