import { policyJsonSchema } from "./schema/policy.js";
import type { Path } from "./yaml.js";

/** What could have been meant where a key is unknown, as the JSON Schema of a policy tells it. */

interface SchemaNode {
  const?: unknown;
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  additionalProperties?: SchemaNode | false;
  oneOf?: readonly SchemaNode[];
  anyOf?: readonly SchemaNode[];
}

let schema: SchemaNode | undefined;

/** The keys that the schema has at a path for a mapping such as the one found there. */
export function knownKeys(path: Path, found: unknown): string[] {
  const alternatives = nodesAt(path);
  const { kind } = (found ?? {}) as { kind?: unknown };
  const meant = alternatives.find((node) => (node.properties?.["kind"]?.const ?? kind) === kind);
  return Object.keys((meant ?? alternatives[0])?.properties ?? {});
}

/** `; it is for kind: redis` where a mapping of another kind has the key. */
export function otherKind(key: string, path: Path): string {
  const other = nodesAt(path).find(
    ({ properties = {} }) => properties["kind"] && Object.hasOwn(properties, key),
  );
  return other ? `; it is for kind: ${other.properties?.["kind"]?.const}` : "";
}

/** What the schema lets a mapping at a path be: several things where it has a kind. */
function nodesAt(path: Path): readonly SchemaNode[] {
  schema ??= policyJsonSchema() as SchemaNode;
  let nodes: readonly SchemaNode[] = [schema];
  for (const part of path) {
    nodes = nodes.flatMap((node) => {
      const next =
        typeof part === "number"
          ? node.items
          : (node.properties?.[part] ?? (node.additionalProperties || undefined));
      return next ? (next.oneOf ?? next.anyOf ?? [next]) : [];
    });
  }
  return nodes.filter(({ properties }) => properties);
}
